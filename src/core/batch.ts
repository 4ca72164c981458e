/** Items that travel together. `bytes` is what they occupy, for bounds; 0 items are allowed. */
export interface Batch<T> {
  readonly items: readonly T[];
  readonly bytes: number;
}
