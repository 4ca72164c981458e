import { constants, fstatSync, readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, rename, unlink } from 'node:fs/promises';
import type { RecordContainer } from '../../core/container.ts';
import type { RecordStream } from '../../core/event.ts';
import type { EventDirectory } from './event-directory.ts';
import { exists } from './exists.ts';
import type { FileCounters, FileLog } from './journal.ts';
import { finishedName, parseName } from './name.ts';

export interface RecoveryParts {
  readonly directory: EventDirectory;
  readonly containers: Readonly<Record<RecordStream, RecordContainer>>;
  readonly log: FileLog;
  readonly counters: FileCounters;
}

/**
 * Finishes what a run that ended by force left behind: every `.open` file of our names is cut to its last whole block and renamed, or removed
 * when no record is in it. What is cut off was never accepted, because a write resolves only when its block is whole. A file that resists
 * is reported and left alone. To be called only while the folder's lock is held.
 */
export async function recoverFiles(parts: RecoveryParts, boot: AbortSignal): Promise<void> {
  let changed = false;
  for (const entry of await parts.directory.names()) {
    const name = parseName(entry);
    if (name?.open !== true || parts.containers[name.stream].extension !== name.extension) continue;
    boot.throwIfAborted();
    const path = parts.directory.at(entry);
    try {
      await recoverFile(path, { ...parts, finished: parts.directory.at(finishedName(name)), container: parts.containers[name.stream] });
      changed = true;
    } catch (error) {
      parts.log.error({ err: error, path }, 'could not recover an event file of an earlier run; it stays as it is');
    }
  }
  if (changed) await parts.directory.sync();
}

interface Target extends RecoveryParts {
  readonly finished: string;
  readonly container: RecordContainer;
}

async function recoverFile(path: string, target: Target): Promise<void> {
  const { log, counters } = target;
  const cut = await cutToWholeBlocks(path, target.container);
  counters.recovered += 1;
  if (cut.kept === 0) {
    await unlink(path);
    log.info({ path, cutBytes: cut.torn }, 'removed an event file of an earlier run: no record in it was whole');
    return;
  }
  if (await exists(target.finished)) throw new Error(`${target.finished} exists already`);
  await rename(path, target.finished);
  log.info({ path: target.finished, keptBytes: cut.kept, cutBytes: cut.torn }, 'recovered an event file of an earlier run');
}

/** Sizes in bytes; `kept` is 0 when no block is whole. */
async function cutToWholeBlocks(path: string, container: RecordContainer): Promise<{ kept: number; torn: number }> {
  const handle = await open(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(handle.fd);
    if (!stats.isFile()) throw new Error('it is not a regular file');
    if (stats.uid !== process.geteuid?.()) throw new Error(`it belongs to uid ${stats.uid}`);
    const kept = wholeBlocks(handle, stats.size, container);
    if (kept > 0 && kept < stats.size) await handle.truncate(kept);
    if (kept > 0) await handle.sync();
    return { kept, torn: stats.size - kept };
  } finally {
    await handle.close();
  }
}

function wholeBlocks(handle: FileHandle, size: number, container: RecordContainer): number {
  const read = (offset: number, length: number): Uint8Array => {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - offset)));
    const got = bytes.length === 0 ? 0 : readSync(handle.fd, bytes, 0, bytes.length, offset);
    return bytes.subarray(0, got);
  };
  const whole = container.wholeBytes(read, size);
  // One byte less of a mere header is no header; one byte less of a block leaves what stood before it.
  if (whole === undefined || container.wholeBytes(read, whole - 1) === undefined) return 0;
  return whole;
}
