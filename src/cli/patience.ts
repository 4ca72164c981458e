/** How long the end of the process waits for a reader of its last words. */
export const LAST_WORDS_MS = 1000;

/** What `work` comes to, or `otherwise` when it takes longer than `ms`; the work itself goes on then, and its end is of no interest. */
export async function within<T>(ms: number, work: Promise<T>, otherwise: T): Promise<T> {
  const { promise: timeout, resolve } = Promise.withResolvers<T>();
  const timer = setTimeout(() => resolve(otherwise), ms);
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
