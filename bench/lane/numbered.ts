import type { Batch } from '../../src/core/batch.ts';
import type { Encoded } from '../../src/core/encoded.ts';

/** Batches without an end, by turns from `batches`, each event under a number of its own: what has the same is the same event. */
export class Numbered {
  readonly #batches: readonly Batch<Encoded>[];
  #next = 0;
  #given = 0;

  constructor(batches: readonly Batch<Encoded>[]) {
    this.#batches = batches;
  }

  /** How many events were given. */
  get given(): number {
    return this.#given;
  }

  next(): Batch<Encoded> {
    const { items, bytes } = this.#batches[this.#next] as Batch<Encoded>;
    this.#next = (this.#next + 1) % this.#batches.length;
    const numbered = items.map(({ stream, kind, timeUs, bytes: record }) => {
      this.#given += 1;
      return { stream, kind, sequence: this.#given, timeUs, bytes: record };
    });
    return { items: numbered, bytes };
  }
}
