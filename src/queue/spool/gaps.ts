import { FRAME_HEAD_BYTES, FrameType, addContents, parseHead } from './frame.ts';
import type { FrameHead } from './frame.ts';
import type { Damage } from './frame-walk.ts';
import type { Position } from './position-file.ts';
import type { Segment } from './segment.ts';
import type { Gap, Unsure } from './shortfall.ts';
import { readUpTo } from './spool-fs.ts';
import type { FileId, SpoolFs } from './spool-fs.ts';

/** The heads of frames that damage hit. Most often only a payload suffered, and one leads to the next still. */
export async function readHeads(fs: SpoolFs, file: FileId, { from, to }: Damage): Promise<readonly FrameHead[]> {
  const heads: FrameHead[] = [];
  for (let at = from; at < to;) {
    const head = parseHead(await readUpTo(fs, file, { at, length: FRAME_HEAD_BYTES }), 0);
    if (head === undefined || head.bytes > to - at) return [];
    heads.push(head);
    at += head.bytes;
  }
  return heads;
}

/** Takes note of a gap behind all that was found of the segment so far. */
export function addGap(segment: Segment, { from, to }: Damage, heads: readonly FrameHead[]): void {
  const last = segment.gaps.at(-1);
  const after = segment.contents.highest;
  // Without a sequence between the two, nobody could say which of them held what.
  if (last?.before === 0) segment.gaps[segment.gaps.length - 1] = { ...last, to: Math.max(last.to, to), heads: [] };
  else segment.gaps.push({ from, to, heads, after, before: 0 });
}

/** A sound frame follows. */
export function endGap(segment: Segment, { lowest }: FrameHead): void {
  const last = segment.gaps.at(-1);
  if (last?.before === 0 && lowest > 0) segment.gaps[segment.gaps.length - 1] = { ...last, before: lowest };
}

/**
 * Takes into account what was in the gaps: for certain where the heads of all their frames are there, else no more than there are sequences between
 * what is before and behind. Sequences rise from frame to frame and from segment to segment of a run, so what another segment goes on with
 * before the gap ends was written again there, after a sync that failed.
 */
export function settleGaps(segments: readonly Segment[], position: Position | undefined): void {
  for (const [index, segment] of segments.entries()) {
    const later = lowestIn(segments.slice(index + 1), segment);
    const earlier = segment.gaps.length === 0 ? undefined : highestBefore(segment, segments.slice(0, index), position);
    for (const gap of segment.gaps) {
      if (isDone(segment, gap.to - 1, position)) continue;
      const after = gap.after > 0 ? gap.after : earlier;
      const before = Math.min(gap.before || Infinity, later);
      if (areCredible(gap, { after: after ?? 0, before, number: segment.number })) takeHeads(segment, gap, position);
      else noteUnsure(segment, { after, before });
    }
  }
}

/** Whether an earlier run had done what is at this offset. */
export function isDone(segment: Pick<Segment, 'number' | 'done'>, at: number, position: Position | undefined): boolean {
  if (position === undefined || segment.number > position.segment) return segment.done.has(at);
  return segment.number < position.segment || at < position.offset || segment.done.has(at);
}

/** Of the same run; Infinity where there is none. */
function lowestIn(segments: readonly Segment[], { origin }: Segment): number {
  for (const { origin: other, contents } of segments)
    if (contents.lowest > 0 && Buffer.compare(other.agentId, origin.agentId) === 0) return contents.lowest;
  return Infinity;
}

/** The highest sequence of the same run before the segment; undefined where nobody knows. */
function highestBefore({ number, origin }: Segment, earlier: readonly Segment[], position: Position | undefined): number | undefined {
  const own = (agentId: Uint8Array): boolean => Buffer.compare(agentId, origin.agentId) === 0;
  for (const { origin: other, contents } of earlier.toReversed()) if (own(other.agentId) && contents.highest > 0) return contents.highest;
  // Where something is done behind the position, the newest may be of that.
  if (position?.newest !== undefined && position.done.length === 0 && own(position.newest.agentId)) return position.newest.sequence;
  const last = earlier.at(-1);
  const isFirstOfRun = number === 1 || (last?.number === number - 1 && !own(last.origin.agentId));
  return isFirstOfRun ? 0 : undefined;
}

interface Limits {
  readonly after: number;
  readonly before: number;
}

/** No checksum says that a head is right; where all of them agree with each other and with what is around, chance does not. */
function areCredible({ heads }: Gap, { after, before, number }: Limits & { readonly number: number }): boolean {
  let highest = after;
  for (const head of heads) {
    if (head.segment !== number >>> 0 || head.sequenced > head.records) return false;
    if (head.sequenced === 0) continue;
    if (head.lowest <= highest || head.highest - head.lowest + 1 < head.sequenced) return false;
    highest = head.highest;
  }
  return heads.length > 0 && highest < before;
}

function takeHeads(segment: Segment, { from, heads }: Gap, position: Position | undefined): void {
  let at = from;
  for (const head of heads) {
    if (head.type === FrameType.BATCH && !isDone(segment, at, position)) {
      segment.contents = addContents(segment.contents, head);
      segment.unread += head.records;
      segment.unreadSequenced += head.sequenced;
      if (head.sequenced > 0) widen(segment, { count: 0, isBounded: true, from: head.lowest, to: head.highest });
    }
    at += head.bytes;
  }
}

function noteUnsure(segment: Segment, { after, before }: { readonly after: number | undefined; readonly before: number }): void {
  if (after === undefined || before === Infinity) widen(segment, { count: 0, isBounded: false, from: 0, to: 0 });
  else if (before > after + 1) widen(segment, { count: before - after - 1, isBounded: true, from: after + 1, to: before - 1 });
}

function widen(segment: Segment, more: Unsure): void {
  const { unsure } = segment;
  if (unsure === undefined) {
    segment.unsure = more;
    return;
  }
  segment.unsure = {
    count: unsure.count + more.count,
    isBounded: unsure.isBounded && more.isBounded,
    from: unsure.from === 0 ? more.from : unsure.from,
    to: Math.max(unsure.to, more.to),
  };
}
