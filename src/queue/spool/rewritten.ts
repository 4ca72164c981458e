import { crc32c } from '../../core/crc32c.ts';
import type { FrameHead } from './frame.ts';
import { FrameWalk, eachBatch } from './frame-walk.ts';
import { isDone } from './gaps.ts';
import type { Position } from './position-file.ts';
import type { Segment } from './segment.ts';
import type { SpoolFs } from './spool-fs.ts';

export interface Written {
  readonly segment: Segment;
  readonly at: number;
  readonly head: FrameHead;
  readonly isDone: boolean;
  /** The same for what was written again. */
  readonly key: string;
}

/** A segment, frame by frame. */
export interface Walked {
  readonly segment: Segment;
  readonly frames: readonly Written[];
  /** Frames up to what is to be found behind it. */
  kept: readonly Written[];
  /** There is nothing to tell of it but what is in its frames. */
  readonly isWhole: boolean;
}

/** The segments of a run from the first on of which something may have been written again: sequences rise from segment to segment otherwise. */
export function fromFirstRewritten(run: readonly Segment[]): readonly Segment[] {
  let lowestBehind = Number.POSITIVE_INFINITY;
  let first = run.length;
  for (let index = run.length - 1; index >= 0; index -= 1) {
    const { lowest, highest } = (run[index] as Segment).contents;
    if (highest >= lowestBehind) first = index;
    if (lowest > 0) lowestBehind = Math.min(lowestBehind, lowest);
  }
  return run.slice(first);
}

export interface Walking {
  readonly fs: SpoolFs;
  readonly signal: AbortSignal;
  readonly position: Position | undefined;
}

/** Rejects with the signal's reason or the system's own error. */
export async function walkThrough({ fs, signal, position }: Walking, segment: Segment): Promise<Walked> {
  const frames: Written[] = [];
  let { records } = segment.contents;
  // Where sequences do not rise within a segment, they tell nothing of what was written again.
  let [isRising, highest] = [true, 0];
  const file = fs.open(segment.path, 'read');
  try {
    const walk = new FrameWalk(fs, file, { walked: segment, at: segment.headerBytes });
    await eachBatch(walk, ({ at, head, frame }) => {
      signal.throwIfAborted();
      records -= head.records;
      isRising &&= head.lowest === 0 || head.lowest > highest;
      highest = Math.max(highest, head.highest);
      frames.push({ segment, at, head, isDone: isDone(segment, at, position), key: keyOf(frame, head) });
    });
  } finally {
    fs.close(file);
  }
  return { segment, frames, kept: frames, isWhole: isRising && records === 0 && segment.unsure === undefined };
}

/** Of all behind the number of the segment, which `stamp` changes. */
function keyOf(frame: Buffer, { bytes, lowest, highest }: FrameHead): string {
  return `${lowest} ${highest} ${bytes} ${crc32c(frame, 16)}`;
}

/**
 * Takes from what is kept of the segments of a run what later ones hold again, and returns what the last one still lacks of it: the end of what a crash,
 * or a disk that took no more, kept from being written again. Where something else is missing, nothing is taken.
 */
export function takeRewritten(run: readonly Walked[]): readonly Written[] {
  const later: Written[] = [];
  const lacking: Written[] = [];
  // From the last to the first, for what was written again may have been written again in its turn.
  for (let index = run.length - 1; index > 0; index -= 1) {
    later.unshift(...(run[index] as Walked).kept);
    const earlier = run.slice(0, index);
    const found = (run[index] as Walked).kept.length === 0 ? undefined : rewritten(endOfWhole(earlier), later);
    if (found === undefined) continue;
    keepUpTo(earlier, found.first);
    lacking.push(...found.lacking);
    later.push(...found.lacking);
  }
  return lacking;
}

interface Rewritten {
  /** It and all between it and the later ones is among these, or lacking at their end, or done. */
  readonly first: Written;
  readonly lacking: readonly Written[];
}

/** undefined where the later ones do not begin with what was written again, or lack something else than its end. */
function rewritten(earlier: readonly Written[], later: readonly Written[]): Rewritten | undefined {
  const copied = new Set(later.map(({ key }) => key));
  const begin = later[0] as Written;
  // Sequences rise: a power cut may leave of what was written twice the older part here, and the newer one there.
  const isNewer = ({ head }: Written): boolean => begin.head.lowest > 0 && head.lowest > begin.head.lowest;
  if (!earlier.some((frame) => frame.key === begin.key || isNewer(frame))) return undefined;
  const newest = later.reduce((highest, { head }) => Math.max(highest, head.highest), 0);
  let segment: Segment | undefined;
  for (const [index, first] of earlier.entries()) {
    // The first of a segment will do: where it will not, those behind it hardly would.
    if (first.segment === segment || !(copied.has(first.key) || isNewer(first))) continue;
    segment = first.segment;
    const lacking = lackingOf(earlier.slice(index), copied);
    if (lacking === undefined) continue;
    if (lacking.length === 0) return { first, lacking };
    const [before, from] = [keysOf(earlier.slice(0, index)), keysOf(earlier.slice(index))];
    // What is before as well is not newer; where something newer was written already, it was not lacking for want of room.
    const end = lacking[0]?.head.lowest ?? 0;
    if (
      lacking.every(({ key, head }) => !before.has(key) && (head.lowest === 0 || head.lowest > newest)) &&
      later.every(({ key, head }) => from.has(key) || head.highest < end)
    )
      return { first, lacking };
  }
  return undefined;
}

/** What is not done nor copied, each once; undefined where it is not all at the end. */
function lackingOf(frames: readonly Written[], copied: ReadonlySet<string>): readonly Written[] | undefined {
  const seen = new Set<string>();
  const lacking: Written[] = [];
  for (const frame of frames) {
    const { key, isDone: done } = frame;
    if (seen.has(key)) continue;
    seen.add(key);
    if (!copied.has(key) && !done) lacking.push(frame);
    else if (lacking.length > 0 && copied.has(key)) return undefined;
  }
  return lacking;
}

function keysOf(frames: readonly Written[]): ReadonlySet<string> {
  return new Set(frames.map(({ key }) => key));
}

/** What lies behind the last segment of which something has to be told. */
function endOfWhole(earlier: readonly Walked[]): readonly Written[] {
  return earlier.slice(earlier.findLastIndex(({ isWhole }) => !isWhole) + 1).flatMap(({ kept }) => kept);
}

function keepUpTo(earlier: readonly Walked[], { segment, at }: Written): void {
  for (const walked of earlier) {
    if (walked.segment.number > segment.number) walked.kept = [];
    if (walked.segment === segment) walked.kept = walked.kept.filter((frame) => frame.at < at);
  }
}
