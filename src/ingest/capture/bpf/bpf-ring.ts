/*
 * The reading end of a BPF ring (kernel/bpf/ringbuf.c). Positions count bytes and never wrap; the ring holds `position mod size`. Each record has a header of 8
 * bytes: u32 length, its top bits BUSY (being written) and DISCARDED, u32 page offset; it is padded to 8. What lies between the consumer's and
 * the producer's position is not overwritten, so records are read where they lie, and kept there until they are released.
 */
import type { RingMemory } from '../../native/bpf.ts';
import type { RecordView } from './record.ts';

const BUSY = 0x80000000;
const DISCARDED = 0x40000000;
const HEADER_BYTES = 8;
const LENGTH = 0x3fffffff;

export class BpfRing {
  readonly #bytes: Buffer;
  readonly #words: Uint32Array;
  readonly #producer: Int32Array;
  readonly #consumer: BigUint64Array;
  readonly #mask: number;
  /** A record that crosses the end of the memory, put together; there is at most one such between the two positions. */
  #crossing: Buffer = Buffer.alloc(0);
  #crossingWords: Uint32Array = new Uint32Array(0);
  #crossingAt = -1;
  #released = 0;
  #read = 0;
  #end = 0;

  constructor({ consumer, producer, data }: RingMemory) {
    this.#bytes = data;
    this.#words = new Uint32Array(data.buffer, data.byteOffset, data.length / 4);
    this.#mask = data.length - 1;
    this.#producer = new Int32Array(producer.buffer, producer.byteOffset, 1);
    this.#consumer = new BigUint64Array(consumer.buffer, consumer.byteOffset, 1);
    this.#released = Number(Atomics.load(this.#consumer, 0));
    this.#read = this.#released;
    this.#end = this.#released;
  }

  /** Where the next record will begin. */
  get position(): number {
    return this.#read;
  }

  /** Bytes that the kernel cannot use now. */
  get held(): number {
    return this.#read - this.#released;
  }

  /** Takes note of how far the kernel has written; `next` goes so far. */
  look(): void {
    // The low half is enough: no ring has 4 GiB.
    this.#end = this.#read + ((Atomics.load(this.#producer, 0) - (this.#read % 2 ** 32)) >>> 0);
  }

  /** Position of the next record, or −1. */
  next(): number {
    while (this.#read < this.#end) {
      const header = this.#header(this.#read);
      if ((header & BUSY) !== 0) return -1;
      const position = this.#read;
      this.#read += HEADER_BYTES + alignUp8(header & LENGTH);
      if ((header & DISCARDED) === 0) return position;
    }
    return -1;
  }

  /** Something is there that `next` does not give yet: the first of it is still being written, by another CPU. */
  get isBlocked(): boolean {
    return this.#read < this.#end;
  }

  /** Points `view` at the record at `position`. */
  show(position: number, view: RecordView): void {
    const at = (position & this.#mask) >>> 0;
    const length = this.#header(position) & LENGTH;
    view.length = length;
    if (at + HEADER_BYTES + length > this.#bytes.length) {
      this.#join(position, length);
      view.bytes = this.#crossing;
      view.words = this.#crossingWords;
      view.at = 0;
      return;
    }
    view.bytes = this.#bytes;
    view.words = this.#words;
    view.at = at + HEADER_BYTES;
  }

  /** Gives all before `position` back to the kernel. */
  release(position: number): void {
    if (position === this.#released) return;
    this.#released = position;
    Atomics.store(this.#consumer, 0, BigInt(position));
  }

  #header(position: number): number {
    return Atomics.load(this.#words, (position & this.#mask) >>> 2);
  }

  #join(position: number, length: number): void {
    if (this.#crossingAt === position) return;
    this.#crossingAt = position;
    if (this.#crossing.length < length) {
      this.#crossing = Buffer.alloc(alignUp8(length));
      this.#crossingWords = new Uint32Array(this.#crossing.buffer, this.#crossing.byteOffset, this.#crossing.length / 4);
    }
    const at = ((position & this.#mask) >>> 0) + HEADER_BYTES;
    const first = this.#bytes.length - at;
    this.#bytes.copy(this.#crossing, 0, at, at + first);
    this.#bytes.copy(this.#crossing, first, 0, length - first);
  }
}

function alignUp8(bytes: number): number {
  return (bytes + 7) & ~7;
}
