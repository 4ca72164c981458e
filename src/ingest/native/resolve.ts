/*
 * ffi-rs (1.3) keeps what it has opened and looked up in one table of the process, without a lock, and looks a function up when it is first called. Two threads that
 * do so at once, a main thread that undoes the subscription in the stead of an ingest thread that does not answer, say, end the process (SIGSEGV) or hang it. Thus all
 * is looked up on the main thread before it starts another one: after that the table is only read.
 */

/** No function takes so many: ffi-rs looks the function up, finds that they are too many, and does not call it. It asks those in the place of a buffer for their length before. */
const MISFIT: readonly unknown[] = Array.from({ length: 64 }, () => Buffer.alloc(0));

/** Has the functions of a `define` looked up without calling them. One that is not there stays so, and says it when it is called. */
export function resolveAll(calls: Readonly<Record<string, (parameters: unknown[]) => unknown>>): void {
  for (const [name, call] of Object.entries(calls))
    if (!isRefused(call)) throw new Error(`${name} was called with parameters that do not fit`);
}

function isRefused(call: (parameters: unknown[]) => unknown): boolean {
  try {
    call([...MISFIT]);
    return false;
  } catch (error) {
    if (error instanceof Error) return true;
    throw error;
  }
}
