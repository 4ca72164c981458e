import { join } from 'node:path';
import { FRAME_HEAD_BYTES, encodeFiller, stamp } from './frame.ts';
import { inspectSpool } from './inspect.ts';
import type { SegmentReport } from './inspect.ts';
import { QUARANTINE } from './quarantine.ts';
import { readUpTo, writeWhole } from './spool-fs.ts';
import type { SpoolFs } from './spool-fs.ts';

export interface Repaired {
  readonly name: string;
  /** `removed`: nothing of it was ever accepted. */
  readonly action: 'cut' | 'removed' | 'put aside' | 'filled';
  /** That were no sound frames. */
  readonly bytes: number;
}

/**
 * Mends what a start of the agent would mend or read around, so that a copy of every damaged file is in quarantine and what is left is sound. Nobody
 * else may use the folder meanwhile. Rejects with the system's own error; then what was not mended is as it was.
 */
export async function repairSpool(fs: SpoolFs, folder: string): Promise<readonly Repaired[]> {
  const done: Repaired[] = [];
  for (const segment of (await inspectSpool(fs, folder)).segments) {
    const action = await repairSegment(fs, folder, segment);
    if (action === undefined) continue;
    const bytes =
      segment.fault === undefined ? segment.damage.reduce((sum, { from, to }) => sum + to - from, segment.torn_bytes) : segment.bytes;
    done.push({ name: segment.name, action, bytes });
  }
  await fs.syncFolder(folder);
  return done;
}

async function repairSegment(fs: SpoolFs, folder: string, segment: SegmentReport): Promise<Repaired['action'] | undefined> {
  const path = join(folder, segment.name);
  const aside = join(folder, QUARANTINE, segment.name);
  switch (segment.fault) {
    case 'torn':
      fs.remove(path);
      return 'removed';
    case 'corrupt':
      fs.makeFolder(join(folder, QUARANTINE));
      fs.rename(path, aside);
      return 'put aside';
    case 'too_new':
      return undefined;
    case undefined:
  }
  if (segment.damage.length > 0) {
    await copyAside(fs, path, { folder, bytes: segment.bytes });
    await fill(fs, path, segment);
  }
  if (segment.torn_bytes > 0) await cut(fs, path, segment.bytes - segment.torn_bytes);
  if (segment.damage.length > 0) return 'filled';
  return segment.torn_bytes > 0 ? 'cut' : undefined;
}

async function cut(fs: SpoolFs, path: string, bytes: number): Promise<void> {
  const file = fs.open(path, 'update');
  try {
    fs.truncate(file, bytes);
    await fs.sync(file);
  } finally {
    fs.close(file);
  }
}

async function copyAside(fs: SpoolFs, path: string, { folder, bytes }: { readonly folder: string; readonly bytes: number }): Promise<void> {
  fs.makeFolder(join(folder, QUARANTINE));
  const file = fs.open(path, 'read');
  try {
    await writeNew(fs, path.replace(folder, join(folder, QUARANTINE)), await readUpTo(fs, file, { at: 0, length: bytes }));
  } finally {
    fs.close(file);
  }
}

async function writeNew(fs: SpoolFs, path: string, bytes: Buffer): Promise<void> {
  const file = fs.open(path, 'update');
  try {
    fs.truncate(file, 0);
    writeWhole(fs, file, { bytes, at: 0 });
    await fs.sync(file);
  } finally {
    fs.close(file);
  }
}

/** Frames that hold nothing where the damage was: all others stay where the position says they are, and the seal still tells what is missing. */
async function fill(fs: SpoolFs, path: string, { damage, header }: SegmentReport): Promise<void> {
  const file = fs.open(path, 'update');
  try {
    for (const { from, to } of damage) {
      if (to - from < FRAME_HEAD_BYTES) continue;
      const filler = encodeFiller(to - from);
      stamp(filler, header?.number ?? 0);
      writeWhole(fs, file, { bytes: filler, at: from });
    }
    await fs.sync(file);
  } finally {
    fs.close(file);
  }
}
