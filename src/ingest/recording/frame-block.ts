import type { RingView } from '../proc-connector/frame.ts';
import { FRAME_HEAD_BYTES } from './format.ts';
import { frameFault } from './frame-fault.ts';

/** Where frames lie in memory: the ring's stand-in, for `FrameReader`. What was loaded before stays as it is for whoever still looks at it. */
export class FrameMemory implements RingView {
  bytes: Buffer = Buffer.alloc(0);
  words: Uint32Array = new Uint32Array(0);
  floats: Float64Array = new Float64Array(0);

  /** `plain`: whole frames, as in a section; its length is a multiple of 8. */
  load(plain: Buffer): void {
    // Views of 8-byte numbers need it; small buffers may lie anywhere in a pool.
    const aligned = plain.byteOffset % 8 === 0 ? plain : Buffer.from(new Uint8Array(plain).buffer);
    this.bytes = aligned;
    this.words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >>> 2);
    this.floats = new Float64Array(aligned.buffer, aligned.byteOffset, aligned.length >>> 3);
  }
}

/** The frames of one section after the other. */
export class FrameCursor {
  readonly memory = new FrameMemory();
  #at = 0;

  /** Throws RangeError, with the reason, where these are no frames. */
  load(plain: Buffer): void {
    if (plain.length % 8 !== 0) throw new RangeError('its frames end in the middle of a word');
    this.memory.load(plain);
    this.#at = 0;
  }

  /** Where the body of the next frame begins, or −1 after the last. Throws RangeError, with the reason, where it is no frame. */
  next(): number {
    const { bytes, words } = this.memory;
    if (this.#at >= bytes.length) return -1;
    const body = this.#at + FRAME_HEAD_BYTES;
    const length = words[this.#at / 4] as number;
    if (length % 8 !== 0 || body + length > bytes.length) throw new RangeError(`a frame of ${length} bytes does not fit`);
    const fault = frameFault(this.memory, body, length);
    if (fault !== undefined) throw new RangeError(fault);
    this.#at = body + length;
    return body;
  }
}
