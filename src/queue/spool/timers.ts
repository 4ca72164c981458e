/** Calls `due` once, after so many milliseconds; returns how to call it off. */
export type After = (ms: number, due: () => void) => () => void;

/** Does not keep the process alive: closing does what these wait for. */
export const afterTimeout: After = (ms, due) => {
  const timer = setTimeout(due, ms).unref();
  return () => clearTimeout(timer);
};
