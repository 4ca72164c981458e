import type { Encoded } from '../../core/encoded.ts';
import type { RecordStream } from '../../core/event.ts';
import type { BlockBuffer } from './block-buffer.ts';
import type { Landed } from './landed.ts';

/**
 * What one batch has for one family of files. Its records go into blocks in order, `filled` ahead of `written`;
 * `settled` resolves when the last one is written, and rejects with what kept it from that.
 */
export class Part {
  readonly settled: Promise<void>;
  readonly #stream: RecordStream;
  readonly #records: readonly Encoded[];
  readonly #landed: Landed;
  readonly #resolve: () => void;
  readonly #reject: (reason: unknown) => void;
  #filled = 0;
  #written = 0;
  /** Bytes that are in no block yet. */
  #bytesLeft: number;
  #cancelled: { readonly reason: unknown } | undefined;

  /** `records` may hold those of the other stream too; `bytes` counts only this stream's. */
  constructor(records: readonly Encoded[], of: { stream: RecordStream; bytes: number; landed: Landed }) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.settled = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#records = records;
    this.#stream = of.stream;
    this.#landed = of.landed;
    this.#bytesLeft = of.bytes;
  }

  get bytesLeft(): number {
    return this.#bytesLeft;
  }

  /** Moves records into the buffer; false when it is full before the part is through. */
  fill(buffer: BlockBuffer): boolean {
    for (; this.#filled < this.#records.length; this.#filled += 1) {
      const record = this.#records[this.#filled] as Encoded;
      if (record.stream !== this.#stream || this.#landed.has(record)) continue;
      if (!buffer.add(record)) return false;
      this.#bytesLeft -= record.bytes.length;
    }
    this.#bytesLeft = 0;
    return true;
  }

  /** The block that holds all that was filled is written. True when the part is settled with that. */
  commit(): boolean {
    this.#written = this.#filled;
    if (this.#written === this.#records.length) this.#resolve();
    else if (this.#cancelled !== undefined) this.#reject(this.#cancelled.reason);
    else return false;
    return true;
  }

  /**
   * Gives up what is in no block yet. True when the part is settled with that; false when a block with records of it
   * is being written, whose outcome decides: the records cannot be called back from there.
   */
  cancel(reason: unknown): boolean {
    this.#cancelled = { reason };
    if (this.#filled > this.#written) return false;
    this.#reject(reason);
    return true;
  }

  fail(reason: unknown): void {
    this.#reject(this.#cancelled === undefined ? reason : this.#cancelled.reason);
  }

  /** Remembers what did get written, for when the batch comes again. */
  markLanded(): void {
    for (let index = 0; index < this.#written; index += 1) {
      const record = this.#records[index] as Encoded;
      if (record.stream === this.#stream) this.#landed.add(record);
    }
  }
}
