import { join } from 'node:path';
import { errnoName } from '../../core/system-error.ts';
import { finishRewriting } from './finish-rewriting.ts';
import { PositionFile } from './position-file.ts';
import type { NewestDone } from './position-file.ts';
import { findSegments } from './recovery.ts';
import type { Segment } from './segment.ts';
import { SegmentStore } from './segment-store.ts';
import { POSITION, mend, readSinkId, writeSinkId } from './spool-folder.ts';
import { segmentLimits } from './spool-options.ts';
import type { SpoolConfig } from './spool-options.ts';
import type { SpoolFs } from './spool-fs.ts';
import { SpoolStorage } from './spool-storage.ts';
import type { StorageParts } from './storage-parts.ts';

export interface OpenedStorage {
  readonly storage: SpoolStorage;
  readonly sinkId: Uint8Array;
  readonly previous: NewestDone | undefined;
}

/** What earlier runs left, ready to be read, and the place for what comes. Rejects with FILE_TOO_NEW, the signal's reason or the system's own error. */
export async function openStorage(parts: Pick<StorageParts, 'config' | 'deps' | 'changed'>, signal: AbortSignal): Promise<OpenedStorage> {
  const { config, deps } = parts;
  const { fs, origin, onEvent, nowUs } = deps;
  const { folder, quarantineBytes } = config;
  const position = await PositionFile.open(fs, join(folder, POSITION));
  try {
    const found = await findSegments({ fs, folder, signal }, position.position);
    const sinkId = await keptSinkId(fs, config);
    for (const event of mend({ fs, folder, quarantineBytes }, found)) onEvent(event);
    await finishRewriting({ fs, folder, signal, position: position.position }, found.segments);
    const store = new SegmentStore(fs, { ...segmentLimits(config), folder, quarantineBytes, sinkId, origin, nowUs }, found);
    await syncFound(fs, { folder, segments: found.segments });
    const previous = newestRun(found.segments, position.position?.newest);
    for (const segment of found.segments) store.removeIfDrained(segment);
    return { storage: new SpoolStorage({ ...parts, store, position }), sinkId, previous };
  } catch (error) {
    position.close();
    throw error;
  }
}

/** The folder keeps the one that the sink has. */
async function keptSinkId(fs: SpoolFs, { folder, sinkId }: SpoolConfig): Promise<Uint8Array> {
  const kept = await readSinkId(fs, folder);
  if (kept !== undefined && (sinkId === undefined || Buffer.compare(kept, sinkId) === 0)) return kept;
  return writeSinkId(fs, folder, sinkId);
}

/** A run that was killed may have left them to the page cache. What the disk does not take now is as safe as it was. */
async function syncFound(
  fs: SpoolFs,
  { folder, segments }: { readonly folder: string; readonly segments: readonly Segment[] },
): Promise<void> {
  try {
    for (const segment of segments) {
      if (segment.drained) continue;
      const file = fs.open(segment.path, 'update');
      await fs.sync(file).finally(() => fs.close(file));
    }
    if (segments.length > 0) await fs.syncFolder(folder);
  } catch (error) {
    if (errnoName(error) === undefined) throw error;
  }
}

/** Segments lie in the order of their runs; what is done may be newer than all of them, or of the same run as the last. */
function newestRun(segments: readonly Segment[], done: NewestDone | undefined): NewestDone | undefined {
  const last = segments.at(-1);
  if (last === undefined) return done;
  const { agentId } = last.origin;
  let sequence = done !== undefined && Buffer.compare(done.agentId, agentId) === 0 ? done.sequence : 0;
  for (const { origin, contents } of segments)
    if (Buffer.compare(origin.agentId, agentId) === 0) sequence = Math.max(sequence, contents.highest);
  return { agentId, sequence };
}
