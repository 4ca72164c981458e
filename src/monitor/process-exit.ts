/**
 * Runs `undo` when the process ends by itself, by `process.exit` or by an error nobody caught; returns what takes that back. It changes nothing about
 * whether and how the process ends, as a handler of a signal would.
 */
export function onProcessExit(undo: () => void): () => void {
  process.once('exit', undo);
  return () => void process.off('exit', undo);
}
