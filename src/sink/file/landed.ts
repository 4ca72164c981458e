import type { Encoded } from '../../core/encoded.ts';

/**
 * Records that are in a file although the write they came with was rejected: its other part failed, or a later block of the same part. When
 * the batch is tried again they are left out, so that a retry repeats nothing. Told apart by identity of the object, not by sequence:
 * a spool may hold records of an earlier run with the same numbers, and leaving one of those out would lose it.
 */
export class Landed {
  readonly #records = new WeakSet<Encoded>();
  /** Stays false until something fails, so that the normal way costs nothing. */
  #any = false;

  has(record: Encoded): boolean {
    return this.#any && this.#records.has(record);
  }

  add(record: Encoded): void {
    this.#any = true;
    this.#records.add(record);
  }

  /** The batch they came with was accepted in the end. */
  forget(records: readonly Encoded[]): void {
    if (!this.#any) return;
    for (const record of records) this.#records.delete(record);
  }
}
