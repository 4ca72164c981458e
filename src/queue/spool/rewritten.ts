import { crc32c } from './crc32c.ts';
import { FrameType } from './frame.ts';
import type { FrameHead } from './frame.ts';
import { FrameWalk } from './frame-walk.ts';
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

/** Whether something of this run may have been written again: sequences rise from segment to segment of a run otherwise. */
export function mayBeRewritten(run: readonly Segment[]): boolean {
  let highest = 0;
  for (const { contents } of run) {
    if (contents.lowest > 0 && contents.lowest <= highest) return true;
    highest = Math.max(highest, contents.highest);
  }
  return false;
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
  const file = fs.open(segment.path, 'read');
  try {
    const walk = new FrameWalk(fs, file, { walked: segment, at: segment.headerBytes });
    while (!walk.atEnd) {
      for (let found = walk.take(); found !== undefined; found = walk.take()) {
        const { at, head, frame } = found;
        if (head.type !== FrameType.BATCH) continue;
        records -= head.records;
        frames.push({ segment, at, head, isDone: isDone(segment, at, position), key: keyOf(frame, head) });
      }
      signal.throwIfAborted();
      if (!walk.atEnd) await walk.load();
    }
  } finally {
    fs.close(file);
  }
  return { segment, frames, kept: frames, isWhole: records === 0 && segment.unsure === undefined };
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
  const later = new Set<string>();
  let lacking: readonly Written[] = [];
  // From the last to the first, for what was written again may have been written again in its turn.
  for (let index = run.length - 1; index > 0; index -= 1) {
    const { kept } = run[index] as Walked;
    for (const { key } of kept) later.add(key);
    const found = kept.length === 0 ? undefined : rewritten(run.slice(0, index), later);
    if (found === undefined) continue;
    const isLast = run.slice(index + 1).every(({ frames }) => frames.length === 0);
    if (found.lacking.length > 0 && !(isLast && holdsNothingElse(kept, found.frames))) continue;
    for (const frame of found.lacking) later.add(frame.key);
    if (found.lacking.length > 0) lacking = found.lacking;
    keepUpTo(run.slice(0, index), found.frames[0] as Written);
  }
  return lacking;
}

interface Rewritten {
  /** From the first that is in a later segment, to the end. */
  readonly frames: readonly Written[];
  /** Of these, those at the end that are in no later one, nor done. */
  readonly lacking: readonly Written[];
}

/** undefined where none is. */
function rewritten(earlier: readonly Walked[], later: ReadonlySet<string>): Rewritten | undefined {
  const frames = endOfWhole(earlier);
  const lastCopied = frames.findLastIndex(({ key }) => later.has(key));
  let first = lastCopied;
  for (let index = lastCopied; index >= 0; index -= 1) {
    const { key, isDone: done } = frames[index] as Written;
    if (later.has(key)) first = index;
    else if (!done) break;
  }
  if (first < 0) return undefined;
  const lacking = frames.slice(lastCopied + 1).filter(({ isDone: done }) => !done);
  // What is there before as well was written again already, and is not newer.
  const before = new Set(frames.slice(0, lastCopied).map(({ key }) => key));
  return lacking.some(({ key }) => before.has(key)) ? undefined : { frames: frames.slice(first), lacking };
}

/** What lies behind the last segment of which something has to be told. */
function endOfWhole(earlier: readonly Walked[]): readonly Written[] {
  return earlier.slice(earlier.findLastIndex(({ isWhole }) => !isWhole) + 1).flatMap(({ kept }) => kept);
}

function holdsNothingElse(kept: readonly Written[], frames: readonly Written[]): boolean {
  const keys = new Set(frames.map(({ key }) => key));
  return kept.every(({ key }) => keys.has(key));
}

function keepUpTo(earlier: readonly Walked[], { segment, at }: Written): void {
  for (const walked of earlier) {
    if (walked.segment.number > segment.number) walked.kept = [];
    if (walked.segment === segment) walked.kept = walked.kept.filter((frame) => frame.at < at);
  }
}
