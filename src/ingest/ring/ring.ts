/*
 * Single-producer single-consumer ring over one SharedArrayBuffer.
 *
 *   control words (Int32, first 64 bytes)       data (capacity bytes, a power of two)
 *   0 head   bytes committed, mod 2^32          frames, each contiguous and 16-byte aligned:
 *   1 tail   bytes released, mod 2^32             u32 length (whole frame), u32 type, body…
 *   2 consumer sleeps (1)                         type 0 fills the end of the ring when the next frame would not fit there
 *   3 producer sleeps (1)
 *
 * The producer writes a frame straight into the region it reserved, then moves head; the consumer reads it in place, then moves tail.
 * head − tail never exceeds the capacity, so both fit 32 bits. When there is no room the producer waits: that stops the reading of the
 * socket, and the kernel's own counters say what was lost. Nothing is ever overwritten.
 */
const HEAD = 0;
const TAIL = 1;
const CONSUMER_SLEEPS = 2;
const PRODUCER_SLEEPS = 3;
export const RING_HEADER_BYTES = 64;
export const FRAME_ALIGN = 16;
export const FRAME_HEADER_BYTES = 8;
const FILLER = 0;

/** Shared memory of a ring; `capacity` is a power of two, at least 64 KiB. */
export function createRingMemory(capacity: number): SharedArrayBuffer {
  if (capacity < 65536 || (capacity & (capacity - 1)) !== 0)
    throw new RangeError(`ring capacity must be a power of two >= 65536, not ${capacity}`);
  return new SharedArrayBuffer(RING_HEADER_BYTES + capacity);
}

abstract class RingEnd {
  readonly capacity: number;
  /** The data area; offsets that `reserve` and `next` give are into this. */
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  readonly floats: Float64Array;
  protected readonly control: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.capacity = memory.byteLength - RING_HEADER_BYTES;
    this.control = new Int32Array(memory, 0, RING_HEADER_BYTES / 4);
    this.bytes = Buffer.from(memory, RING_HEADER_BYTES, this.capacity);
    this.words = new Uint32Array(memory, RING_HEADER_BYTES, this.capacity / 4);
    this.floats = new Float64Array(memory, RING_HEADER_BYTES, this.capacity / 8);
  }

  /** Bytes committed and not yet released. */
  get used(): number {
    return (Atomics.load(this.control, HEAD) - Atomics.load(this.control, TAIL)) >>> 0;
  }
}

export class RingProducer extends RingEnd {
  #reserved = 0;

  /** Offset of at least `length` contiguous free bytes, or −1 when there is no such room now. Reserving again forgets the earlier reservation. */
  reserve(length: number): number {
    const head = Atomics.load(this.control, HEAD);
    const free = this.capacity - ((head - Atomics.load(this.control, TAIL)) >>> 0);
    const offset = (head >>> 0) & (this.capacity - 1);
    const toEnd = this.capacity - offset;
    if (toEnd >= length) {
      this.#reserved = free >= length ? Math.min(toEnd, free) : 0;
      return free >= length ? offset : -1;
    }
    if (free < toEnd + length) return -1;
    this.words[offset / 4] = toEnd;
    this.words[offset / 4 + 1] = FILLER;
    this.#advance(toEnd);
    this.#reserved = Math.min(this.capacity, free - toEnd);
    return 0;
  }

  /** Contiguous bytes the last `reserve` found; never less than what was asked. */
  get reserved(): number {
    return this.#reserved;
  }

  /** Publishes the frame at the reserved offset; `type` is not 0. Returns its length rounded up to the alignment. */
  commit(offset: number, type: number, length: number): number {
    const whole = (length + FRAME_ALIGN - 1) & -FRAME_ALIGN;
    this.words[offset / 4] = whole;
    this.words[offset / 4 + 1] = type;
    this.#advance(whole);
    this.#reserved = 0;
    return whole;
  }

  #advance(length: number): void {
    Atomics.add(this.control, HEAD, length);
    if (Atomics.exchange(this.control, CONSUMER_SLEEPS, 0) === 1) Atomics.notify(this.control, HEAD);
  }

  /** Lets the consumer look again although nothing was committed: a filler-only commit, so that no sleeper can miss it. */
  wake(): void {
    const head = Atomics.load(this.control, HEAD);
    const free = this.capacity - ((head - Atomics.load(this.control, TAIL)) >>> 0);
    // A full ring has a consumer with work to do.
    if (free < FRAME_ALIGN) return;
    const offset = (head >>> 0) & (this.capacity - 1);
    this.words[offset / 4] = FRAME_ALIGN;
    this.words[offset / 4 + 1] = FILLER;
    this.#advance(FRAME_ALIGN);
  }

  /** Where the consumer is; to be read before `reserve`, for `waitForRoom`. */
  get tail(): number {
    return Atomics.load(this.control, TAIL);
  }

  /** Blocks until the consumer has released something since it was at `tail`, or the time is over. */
  waitForRoom(tail: number, timeoutMs: number): void {
    Atomics.store(this.control, PRODUCER_SLEEPS, 1);
    Atomics.wait(this.control, TAIL, tail, timeoutMs);
    Atomics.store(this.control, PRODUCER_SLEEPS, 0);
  }
}

/** A frame in place: `offset` of its first byte after the frame header, `length` of what follows that header. */
export interface Frame {
  readonly type: number;
  readonly offset: number;
  readonly length: number;
}

export class RingConsumer extends RingEnd {
  /** Read but not yet released. */
  #ahead = 0;

  /** The next frame, in place, or undefined when there is none. It stays valid until `release`. */
  next(): Frame | undefined {
    for (;;) {
      const position = (Atomics.load(this.control, TAIL) + this.#ahead) | 0;
      if (position === Atomics.load(this.control, HEAD)) return undefined;
      const offset = (position >>> 0) & (this.capacity - 1);
      const whole = this.words[offset / 4] as number;
      const type = this.words[offset / 4 + 1] as number;
      this.#ahead += whole;
      if (type !== FILLER) return { type, offset: offset + FRAME_HEADER_BYTES, length: whole - FRAME_HEADER_BYTES };
    }
  }

  /** Gives back all frames that `next` returned so far. */
  release(): void {
    if (this.#ahead === 0) return;
    Atomics.add(this.control, TAIL, this.#ahead);
    this.#ahead = 0;
    if (Atomics.load(this.control, PRODUCER_SLEEPS) === 1) Atomics.notify(this.control, TAIL);
  }

  /** True when `next` has nothing to return. */
  get empty(): boolean {
    return ((Atomics.load(this.control, TAIL) + this.#ahead) | 0) === Atomics.load(this.control, HEAD);
  }

  /** Ends a wait that is under way on this thread. */
  interrupt(): void {
    Atomics.notify(this.control, HEAD);
  }

  /** Resolves when there may be a frame, at the latest after `timeoutMs`. */
  async waitForFrame(timeoutMs: number): Promise<void> {
    const head = Atomics.load(this.control, HEAD);
    Atomics.store(this.control, CONSUMER_SLEEPS, 1);
    // Looking again after the flag is up closes the race with a commit that came before it.
    if (!this.empty || Atomics.load(this.control, HEAD) !== head) {
      Atomics.store(this.control, CONSUMER_SLEEPS, 0);
      return;
    }
    const wait = Atomics.waitAsync(this.control, HEAD, head, timeoutMs);
    if (wait.async) await wait.value;
    Atomics.store(this.control, CONSUMER_SLEEPS, 0);
  }
}
