import type { FrameHead } from './frame.ts';

/** A stretch before the last sound frame of a segment without a seal, so that nothing else says what was in it. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  /** Of the frames that were there: each ends where the next begins, the last where the gap does. None where they cannot all be told. */
  readonly heads: readonly FrameHead[];
  /** Highest sequence of the segment in front of it; 0: none. */
  readonly after: number;
  /** Lowest one behind it; 0: none. */
  readonly before: number;
}

/** What the gaps of a segment held besides what its contents speak of. */
export interface Unsure {
  /** Records with a sequence, at most. */
  readonly count: number;
  /** False where there may have been any number of further ones. */
  readonly isBounded: boolean;
  /** Of all that is missing, as far as is known. */
  readonly from: number;
  readonly to: number;
}

/** By how much the sound frames of a segment fall short of its contents, up to `end`. */
export interface Shortage {
  readonly end: number;
  readonly records: number;
  readonly sequenced: number;
}
