/** Which bytes of an input are wanted: `length` from offset `at`. Nothing before `keep` (≤ `at`) will be asked for again. */
export interface Ask {
  readonly at: number;
  readonly length: number;
  readonly keep: number;
}

/** Random access to the part of a byte stream that is still of interest; the rest is never in memory. */
export class ByteWindow {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #buffer: Buffer = Buffer.alloc(0);
  /** Offset of the buffer's first byte in the input. */
  #start = 0;
  #ended = false;

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#chunks = input[Symbol.asyncIterator]();
  }

  /** The bytes asked for, fewer only where the input ends. */
  async read(ask: Ask): Promise<Buffer> {
    return (await this.readAtLeast(ask)).subarray(0, ask.length);
  }

  /** Also what has arrived beyond the bytes asked for. */
  async readAtLeast({ at, length, keep }: Ask): Promise<Buffer> {
    if (at + length > this.#start + this.#buffer.length && !this.#ended) await this.#fill(at + length, keep);
    return this.#buffer.subarray(at - this.#start);
  }

  /** Ends reading early; closes the input. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#chunks.return?.();
  }

  async #fill(end: number, keep: number): Promise<void> {
    const parts: Uint8Array[] = [this.#buffer.subarray(keep - this.#start)];
    let filled = this.#start + this.#buffer.length;
    while (filled < end) {
      const next = await this.#chunks.next();
      if (next.done === true) {
        this.#ended = true;
        break;
      }
      parts.push(next.value);
      filled += next.value.length;
    }
    this.#buffer = Buffer.concat(parts);
    this.#start = keep;
  }
}
