import type { Encoded } from '../../core/encoded.ts';

/** Where records are put together to a block: one buffer, used again for every block. */
export class BlockBuffer {
  readonly #bytes: Buffer;
  #length = 0;
  #count = 0;
  #firstSequence = 0;
  #firstTimeUs = 0;
  /** A single record that is larger than the whole buffer; it becomes a block of its own, without being copied. */
  #oversize: Uint8Array | undefined;

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
  }

  get capacity(): number {
    return this.#bytes.length;
  }

  get count(): number {
    return this.#count;
  }

  /** The smallest sequence that came first; 0 where only records without one are in it. */
  get firstSequence(): number {
    return this.#firstSequence;
  }

  /** When the record that came first happened. */
  get firstTimeUs(): number {
    return this.#firstTimeUs;
  }

  /** The records' bytes, one behind the other; valid until `clear`. */
  get body(): Uint8Array {
    return this.#oversize ?? this.#bytes.subarray(0, this.#length);
  }

  /** Copies the record in; false when there is no room left for it. An empty buffer takes any record. */
  add(record: Encoded): boolean {
    const { bytes } = record;
    if (this.#length + bytes.length > this.#bytes.length) {
      if (this.#count > 0) return false;
      this.#oversize = bytes;
    }
    if (this.#oversize === undefined) this.#bytes.set(bytes, this.#length);
    if (this.#count === 0) this.#firstTimeUs = record.timeUs;
    this.#length += bytes.length;
    this.#count += 1;
    if (this.#firstSequence === 0) this.#firstSequence = record.sequence;
    return true;
  }

  clear(): void {
    this.#length = 0;
    this.#count = 0;
    this.#firstSequence = 0;
    this.#oversize = undefined;
  }
}
