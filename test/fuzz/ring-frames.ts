import { Random } from './random.ts';

export interface RingPlan {
  readonly seed: number;
  readonly frames: number;
}

/** How long and of which type a frame is, and where in the noise its body lies. */
export interface PlannedFrame {
  readonly type: number;
  readonly length: number;
  readonly at: number;
}

const NOISE_BYTES = 1 << 16;
const MAX_LENGTH = 32_000;

/** The frames of a passage by their number: both ends know them, and nothing else of each other. */
export class RingFrames {
  readonly #seed: number;
  readonly #noise: Buffer;

  constructor(seed: number) {
    const random = new Random(seed, -2);
    this.#seed = seed;
    this.#noise = Buffer.from(Uint32Array.from({ length: NOISE_BYTES / 4 }, () => random.u32()).buffer);
  }

  /** Mostly small, some as large as half of the ring. */
  frame(index: number): PlannedFrame {
    const random = new Random(this.#seed, index);
    const length = 1 + random.below(random.oneIn(16) ? MAX_LENGTH : 300);
    return { type: 1 + random.below(7), length, at: random.below(NOISE_BYTES - length) };
  }

  body({ at, length }: PlannedFrame): Buffer {
    return this.#noise.subarray(at, at + length);
  }
}
