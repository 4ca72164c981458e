/** The longest delay that setTimeout takes, 24.8 days; it turns longer ones into 1 ms. */
const MAX_STEP_MS = 2 ** 31 - 1;

/** Calls `due` once, after any number of milliseconds; returns how to call it off. Keeps the process alive until then. */
export function startLongTimer(ms: number, due: () => void): () => void {
  const dueMs = performance.now() + ms;
  let timer = setTimeout(step, Math.min(ms, MAX_STEP_MS));
  function step(): void {
    const restMs = dueMs - performance.now();
    // Timers have whole milliseconds and may be early by part of one.
    if (restMs < 1) due();
    else timer = setTimeout(step, Math.min(restMs, MAX_STEP_MS));
  }
  return () => clearTimeout(timer);
}
