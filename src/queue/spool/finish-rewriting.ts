import { errnoName } from '../../core/system-error.ts';
import { NOTHING, addContents, stamp } from './frame.ts';
import { fromFirstRewritten, takeRewritten, walkThrough } from './rewritten.ts';
import type { Walked, Walking, Written } from './rewritten.ts';
import type { Segment } from './segment.ts';
import { readUpTo, writeWhole } from './spool-fs.ts';
import type { FileId, SpoolFs } from './spool-fs.ts';

export interface Finishing extends Walking {
  readonly folder: string;
}

/**
 * What a failed sync puts in doubt is written to a later segment, and then cut off where it was. Where the system would not cut, or the run ended before
 * all of it was written, it is there twice, in part perhaps: what of it is done by now from the one place would come from the other again, behind
 * what is newer. So the start brings this to its end. Where the system refuses something, both copies stay for the next start. Rejects with the
 * signal's reason or an error that is not the system's.
 */
export async function finishRewriting(finishing: Finishing, segments: readonly Segment[]): Promise<void> {
  for (const run of runsOf(segments)) {
    const affected = fromFirstRewritten(run);
    if (affected.length === 0) continue;
    try {
      await finishRun(finishing, affected);
    } catch (error) {
      if (errnoName(error) === undefined) throw error;
    }
  }
}

function runsOf(segments: readonly Segment[]): readonly (readonly Segment[])[] {
  const runs: Segment[][] = [];
  for (const segment of segments) {
    const last = runs.at(-1);
    if (last?.[0] !== undefined && Buffer.compare(last[0].origin.agentId, segment.origin.agentId) === 0) last.push(segment);
    else runs.push([segment]);
  }
  return runs;
}

async function finishRun(finishing: Finishing, run: readonly Segment[]): Promise<void> {
  const { fs, folder } = finishing;
  const walked: Walked[] = [];
  for (const segment of run) walked.push(await walkThrough(finishing, segment));
  const lacking = takeRewritten(walked);
  const first = walked.findIndex(({ kept, frames }) => kept.length < frames.length);
  if (first < 0) return;
  const last = walked.findLast(({ kept }) => kept.length > 0);
  if (last === undefined) return;
  for (const frame of lacking) await appendCopy(fs, last.segment, frame);
  // The old copy is given up for one that is safe.
  for (const { segment } of walked.slice(first + 1)) await syncSegment(fs, segment);
  await fs.syncFolder(folder);
  for (const { segment, kept, frames } of walked) if (kept.length < frames.length) endBehind(segment, kept);
  for (const { segment, kept, frames } of walked) if (kept.length < frames.length) cut(fs, segment);
}

/** To the end of a segment of the same run. */
async function appendCopy(fs: SpoolFs, to: Segment, { segment, at, head }: Written): Promise<void> {
  const frame = await withFile(fs, { path: segment.path, mode: 'read' }, (file) => readUpTo(fs, file, { at, length: head.bytes }));
  stamp(frame, to.number);
  await withFile(fs, { path: to.path, mode: 'update' }, (file) => {
    // Its seal would stay behind what is shorter.
    fs.truncate(file, to.end);
    to.hasSeal = false;
    writeWhole(fs, file, { bytes: frame, at: to.end });
  });
  to.append(head);
  to.unread += head.records;
  to.unreadSequenced += head.sequenced;
  to.syncedEnd = to.end;
}

async function syncSegment(fs: SpoolFs, { path }: Segment): Promise<void> {
  await withFile(fs, { path, mode: 'update' }, (file) => fs.sync(file));
}

function endBehind(segment: Segment, kept: readonly Written[]): void {
  const last = kept.at(-1);
  segment.end = last === undefined ? segment.headerBytes : last.at + last.head.bytes;
  segment.syncedEnd = segment.end;
  segment.hasSeal = false;
  segment.frames = kept.length;
  segment.contents = NOTHING;
  segment.unread = 0;
  segment.unreadSequenced = 0;
  for (const { head, isDone } of kept) {
    segment.contents = addContents(segment.contents, head);
    if (isDone) continue;
    segment.unread += head.records;
    segment.unreadSequenced += head.sequenced;
  }
  for (const at of segment.done.keys()) if (at >= segment.end) segment.done.delete(at);
}

/** Where it is damaged, people may want to see all of it. */
function cut(fs: SpoolFs, { path, end, damaged }: Segment): void {
  if (damaged) return;
  const file = fs.open(path, 'update');
  try {
    fs.truncate(file, end);
  } finally {
    fs.close(file);
  }
}

async function withFile<T>(
  fs: SpoolFs,
  { path, mode }: { readonly path: string; readonly mode: 'read' | 'update' },
  use: (file: FileId) => T | Promise<T>,
): Promise<T> {
  const file = fs.open(path, mode);
  try {
    return await use(file);
  } finally {
    fs.close(file);
  }
}
