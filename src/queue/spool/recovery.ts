import { join } from 'node:path';
import { AgentError } from '../../core/errors.ts';
import { FrameType, SEAL_BYTES, isSound, parseHead, sealedFrames } from './frame.ts';
import { FrameWalk } from './frame-walk.ts';
import type { Damage } from './frame-walk.ts';
import { addGap, endGap, isDone, readHeads, settleGaps } from './gaps.ts';
import type { Position } from './position-file.ts';
import { Segment } from './segment.ts';
import { MAX_HEADER_BYTES, parseHeader, segmentName, segmentNumber } from './segment-header.ts';
import { readUpTo } from './spool-fs.ts';
import type { FileId, FolderEntry, SpoolFs } from './spool-fs.ts';

/** What became of a file that was not as a finished one should be. */
export interface Irregular {
  readonly path: string;
  /** `torn`: its end was never accepted. `damaged`: frames lie behind what is none. `foreign`: it has no header that can be read. */
  readonly what: 'torn' | 'damaged' | 'foreign';
  readonly bytes: number;
}

export interface Found {
  readonly segments: readonly Segment[];
  readonly irregular: readonly Irregular[];
  readonly nextNumber: number;
}

interface Opened {
  readonly fs: SpoolFs;
  readonly folder: string;
  readonly signal: AbortSignal;
}

interface Placed {
  readonly position: Position | undefined;
}

/**
 * What is in a spool's folder, in order: sealed segments by their seals, others frame by frame. Changes nothing. Segments before the position
 * are left out. Rejects with FILE_TOO_NEW, the signal's reason or the system's own error.
 */
export async function findSegments(opened: Opened, position: Position | undefined): Promise<Found> {
  const segments: Segment[] = [];
  const irregular: Irregular[] = [];
  let nextNumber = position === undefined ? 1 : position.segment + (position.offset === 0 ? 0 : 1);
  // A power cut may leave an old position, which speaks of segments that are gone: what it says of them must not be taken for new ones.
  for (const { segment } of position?.done ?? []) nextNumber = Math.max(nextNumber, segment + 1);
  for (const entry of segmentFiles(opened.fs.list(opened.folder))) {
    opened.signal.throwIfAborted();
    const number = segmentNumber(entry.name) ?? 0;
    nextNumber = Math.max(nextNumber, number + 1);
    const found = await examine({ ...opened, position }, entry, number);
    if (found instanceof Segment) segments.push(found);
    else irregular.push(found);
    if (found instanceof Segment && found.end < entry.bytes && !found.hasSeal)
      irregular.push({ path: found.path, what: 'torn', bytes: entry.bytes - found.end });
    if (found instanceof Segment && found.damaged) irregular.push({ path: found.path, what: 'damaged', bytes: 0 });
  }
  settleGaps(segments, position);
  return { segments, irregular, nextNumber: Math.max(nextNumber, 1) };
}

export function segmentFiles(entries: readonly FolderEntry[]): readonly FolderEntry[] {
  return entries.filter(({ name, isFile }) => isFile && segmentNumber(name) !== undefined).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function examine(
  { fs, folder, signal, position }: Opened & Placed,
  entry: FolderEntry,
  number: number,
): Promise<Segment | Irregular> {
  const path = join(folder, segmentName(number));
  const file = fs.open(path, 'read');
  try {
    const parsed = parseHeader(await readUpTo(fs, file, { at: 0, length: Math.min(MAX_HEADER_BYTES, entry.bytes) }));
    if (parsed.what === 'too_new') throw tooNew(path, parsed.version);
    if (parsed.what === 'torn') return { path, what: 'torn', bytes: entry.bytes };
    if (parsed.what !== 'header' || parsed.header.number !== number) return { path, what: 'foreign', bytes: entry.bytes };
    const { agentId, format, createdUs } = parsed.header;
    const segment = new Segment({ number, path, origin: { agentId, format }, headerBytes: parsed.bytes, createdUs });
    segment.sealed = true;
    segment.nameSynced = true;
    applyPosition(segment, position);
    if (await readSeal(fs, file, { segment, bytes: entry.bytes })) countUnread(segment, position);
    else await countFrames({ fs, file, signal, position }, segment, entry.bytes);
    segment.syncedEnd = segment.end;
    return segment;
  } finally {
    fs.close(file);
  }
}

/** False where the file does not end with a seal. */
async function readSeal(fs: SpoolFs, file: FileId, { segment, bytes }: { segment: Segment; bytes: number }): Promise<boolean> {
  const at = bytes - SEAL_BYTES;
  if (at < segment.headerBytes) return false;
  const seal = await readUpTo(fs, file, { at, length: SEAL_BYTES });
  const head = parseHead(seal, 0);
  if (head?.type !== FrameType.SEAL || head.bytes !== seal.length || !isSound(seal, segment.number)) return false;
  segment.contents = head;
  segment.frames = sealedFrames(seal);
  segment.end = at;
  segment.hasSeal = true;
  return true;
}

/** Finds the end of what was accepted: behind the last sound frame. What lies between sound frames and is none is damage. */
async function countFrames(
  opened: Omit<Opened, 'folder'> & Placed & { readonly file: FileId },
  segment: Segment,
  bytes: number,
): Promise<void> {
  const walk = new FrameWalk(opened.fs, opened.file, { walked: { number: segment.number, end: bytes }, at: segment.headerBytes });
  let damage: Damage | undefined;
  while (!walk.atEnd) {
    for (let found = walk.take(); found !== undefined; found = walk.take()) {
      // In place of what was damaged: what it was is gone.
      if (found.head.type === FrameType.FILLER) addGap(segment, { from: found.at, to: found.at + found.head.bytes }, []);
      if (found.head.type !== FrameType.BATCH) continue;
      if (damage !== undefined) addGap(segment, damage, await readHeads(opened.fs, opened.file, damage));
      segment.damaged ||= damage !== undefined;
      damage = undefined;
      endGap(segment, found.head);
      segment.end = found.at;
      segment.append(found.head);
      if (isDone(segment, found.at, opened.position)) continue;
      segment.unread += found.head.records;
      segment.unreadSequenced += found.head.sequenced;
    }
    if (walk.atEnd) break;
    opened.signal.throwIfAborted();
    damage = (await walk.load()) ?? damage;
  }
}

/** What an earlier run had done of it is not read again. */
function applyPosition(segment: Segment, position: Position | undefined): void {
  for (const { segment: number, offset, records } of position?.done ?? []) if (number === segment.number) segment.done.set(offset, records);
}

/** The position says how many records are done, not how many of them have a sequence. */
function countUnread(segment: Segment, position: Position | undefined): void {
  const { records, sequenced } = segment.contents;
  segment.unread = unreadOf(segment, position);
  segment.unreadSequenced = sequenced === records ? segment.unread : segment.unread === records ? sequenced : Number.NaN;
}

/** Records of a sealed segment that are not done: all that the position speaks of is there. */
function unreadOf(segment: Segment, position: Position | undefined): number {
  if (position !== undefined && segment.number < position.segment) return 0;
  let unread = segment.contents.records - (segment.number === position?.segment ? position.before : 0);
  for (const records of segment.done.values()) unread -= records;
  return Math.max(0, unread);
}

function tooNew(path: string, version: number): AgentError {
  return new AgentError('FILE_TOO_NEW', `${path} is of format ${version}, which this forkcast does not know`, {
    context: { path, version },
    fix: 'run the newer forkcast that wrote it until the spool is empty, or move the folder away',
  });
}
