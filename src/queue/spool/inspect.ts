import { join } from 'node:path';
import { uuidText } from '../../core/uuid.ts';
import { FrameType, NOTHING, addContents } from './frame.ts';
import { FrameWalk } from './frame-walk.ts';
import type { Damage } from './frame-walk.ts';
import { isDone } from './gaps.ts';
import { newestPosition } from './position-file.ts';
import type { Position } from './position-file.ts';
import { QUARANTINE } from './quarantine.ts';
import { segmentFiles } from './recovery.ts';
import { MAX_HEADER_BYTES, parseHeader } from './segment-header.ts';
import type { SegmentHeader } from './segment-header.ts';
import { POSITION } from './spool-folder.ts';
import { readUpTo } from './spool-fs.ts';
import type { FileId, FolderEntry, SpoolFs } from './spool-fs.ts';

export interface SegmentReport {
  readonly name: string;
  readonly bytes: number;
  /** Absent where it has none that can be read. */
  readonly header?: {
    readonly number: number;
    readonly created: string;
    readonly sink_id: string;
    readonly agent_id: string;
    readonly format: string;
  };
  /** Why its header cannot be read. */
  readonly fault?: 'torn' | 'corrupt' | 'too_new';
  readonly sealed: boolean;
  readonly frames: number;
  readonly records: number;
  /** 0 where no record has a sequence. */
  readonly lowest: number;
  readonly highest: number;
  /** Records that are not done. */
  readonly waiting: number;
  /** Behind its last sound frame: never accepted, or being written at this moment. */
  readonly torn_bytes: number;
  /** Bytes between sound frames, or before the seal, that are none. */
  readonly damage: readonly Damage[];
}

export interface SpoolReport {
  readonly folder: string;
  /** null: from the beginning. */
  readonly position: { readonly segment: number; readonly offset: number } | null;
  readonly segments: readonly SegmentReport[];
  readonly quarantine: readonly { readonly name: string; readonly bytes: number }[];
}

/** Reads everything in a spool's folder, every checksum included, and changes nothing. Rejects with the system's own error. */
export async function inspectSpool(fs: SpoolFs, folder: string): Promise<SpoolReport> {
  const entries = fs.list(folder);
  const position = await readPosition(fs, folder, entries);
  const segments: SegmentReport[] = [];
  for (const entry of segmentFiles(entries)) segments.push(await inspectSegment(fs, { folder, entry, position }));
  const hasQuarantine = entries.some(({ name, isFile }) => name === QUARANTINE && !isFile);
  const quarantine = hasQuarantine ? fs.list(join(folder, QUARANTINE)).map(({ name, bytes }) => ({ name, bytes })) : [];
  const { segment, offset } = position ?? { segment: 0, offset: 0 };
  return { folder, position: position === undefined ? null : { segment, offset }, segments, quarantine };
}

export async function readPosition(fs: SpoolFs, folder: string, entries: readonly FolderEntry[]): Promise<Position | undefined> {
  const entry = entries.find(({ name }) => name === POSITION);
  if (entry === undefined) return undefined;
  const file = fs.open(join(folder, POSITION), 'read');
  try {
    return newestPosition(await readUpTo(fs, file, { at: 0, length: entry.bytes }));
  } finally {
    fs.close(file);
  }
}

interface Inspected {
  readonly folder: string;
  readonly entry: FolderEntry;
  readonly position: Position | undefined;
}

async function inspectSegment(fs: SpoolFs, { folder, entry, position }: Inspected): Promise<SegmentReport> {
  const { name, bytes } = entry;
  const none = { name, bytes, sealed: false, frames: 0, records: 0, lowest: 0, highest: 0, waiting: 0, torn_bytes: 0, damage: [] };
  const file = fs.open(join(folder, name), 'read');
  try {
    const parsed = parseHeader(await readUpTo(fs, file, { at: 0, length: Math.min(MAX_HEADER_BYTES, bytes) }));
    if (parsed.what !== 'header') return { ...none, fault: parsed.what, torn_bytes: parsed.what === 'torn' ? bytes : 0 };
    const walked = await walkThrough(fs, file, { number: parsed.header.number, from: parsed.bytes, to: bytes, position });
    return { ...none, ...walked, header: headerReport(parsed.header) };
  } finally {
    fs.close(file);
  }
}

function headerReport({ number, createdUs, sinkId, agentId, format }: SegmentHeader): NonNullable<SegmentReport['header']> {
  const created = new Date(createdUs / 1000).toISOString();
  return { number, created, sink_id: uuidText(sinkId), agent_id: uuidText(agentId), format };
}

interface Stretch {
  readonly number: number;
  readonly from: number;
  readonly to: number;
  readonly position: Position | undefined;
}

async function walkThrough(fs: SpoolFs, file: FileId, { number, from, to, position }: Stretch): Promise<Partial<SegmentReport>> {
  const walk = new FrameWalk(fs, file, { walked: { number, end: to }, at: from });
  const done = new Map((position?.done ?? []).filter(({ segment }) => segment === number).map(({ offset, records }) => [offset, records]));
  const damage: Damage[] = [];
  const found = { contents: NOTHING, frames: 0, waiting: 0, sealed: false };
  while (!walk.atEnd) {
    for (let next = walk.take(); next !== undefined; next = walk.take()) {
      found.sealed = next.head.type === FrameType.SEAL;
      if (next.head.type !== FrameType.BATCH) continue;
      found.contents = addContents(found.contents, next.head);
      found.frames += 1;
      if (!isDone({ number, done }, next.at, position)) found.waiting += next.head.records;
    }
    const passed = walk.atEnd ? undefined : await walk.load();
    if (passed !== undefined) damage.push(passed);
  }
  const last = damage.at(-1);
  const torn = last !== undefined && last.to === to && damage.pop() !== undefined ? last.to - last.from : 0;
  const { records, lowest, highest } = found.contents;
  const { frames, waiting, sealed } = found;
  return { sealed, frames, records, lowest, highest, waiting, torn_bytes: torn, damage };
}
