import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { errnoName } from '../../core/system-error.ts';
import { isUuidText, uuidBytes, uuidText } from '../../core/uuid.ts';
import { moveToQuarantine } from './quarantine.ts';
import type { Found, Irregular } from './recovery.ts';
import type { SpoolEvent } from './spool-events.ts';
import { readUpTo, writeWhole } from './spool-fs.ts';
import type { SpoolFs } from './spool-fs.ts';

/** What lies in a spool's folder beside its segments. */
export const POSITION = 'position';
export const SINK_ID = 'sink-id';
export const LOCK = 'lock';

/** The identity of the sink's queue, made once and kept for ever: `sink-id`, a UUID as text. Rejects with the system's own error. */
export async function readSinkId(fs: SpoolFs, folder: string): Promise<Uint8Array | undefined> {
  try {
    const file = fs.open(join(folder, SINK_ID), 'read');
    try {
      const text = (await readUpTo(fs, file, { at: 0, length: 64 })).toString('latin1');
      const id = text.slice(0, -1);
      return text.endsWith('\n') && isUuidText(id) ? uuidBytes(id) : undefined;
    } finally {
      fs.close(file);
    }
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Keeps `id`, or a new one where there was none. */
export async function writeSinkId(fs: SpoolFs, folder: string, id: Uint8Array = uuidBytes(randomUUID())): Promise<Uint8Array> {
  const draft = join(folder, `${SINK_ID}.new`);
  const file = fs.open(draft, 'update');
  try {
    fs.truncate(file, 0);
    writeWhole(fs, file, { bytes: Buffer.from(`${uuidText(id)}\n`), at: 0 });
    await fs.sync(file);
  } finally {
    fs.close(file);
  }
  fs.rename(draft, join(folder, SINK_ID));
  await fs.syncFolder(folder);
  return id;
}

export interface Mending {
  readonly fs: SpoolFs;
  readonly folder: string;
  readonly quarantineBytes: number;
}

/**
 * Cuts torn ends off and puts aside what is no segment; says what there was. What the system refuses (a disk that is read-only) is left for
 * the next start: nothing of it is read in any case.
 */
export function mend({ fs, folder, quarantineBytes }: Mending, found: Found): readonly SpoolEvent[] {
  return found.irregular.map((irregular) => {
    try {
      mendFile(fs, irregular, { found, folder, maxBytes: quarantineBytes });
    } catch (error) {
      if (errnoName(error) === undefined) throw error;
    }
    const { what, path, bytes } = irregular;
    if (what === 'torn') return { what, path, bytes };
    const reason = what === 'foreign' ? 'it does not begin like a segment of this spool' : 'bytes between its frames are none';
    return { what: 'damaged', path, reason };
  });
}

function mendFile(fs: SpoolFs, { path, what }: Irregular, to: { found: Found; folder: string; maxBytes: number }): void {
  if (what === 'foreign') moveToQuarantine(fs, path, to);
  if (what !== 'torn') return;
  const segment = to.found.segments.find((one) => one.path === path);
  if (segment === undefined || segment.end === segment.headerBytes) {
    if (segment === undefined) fs.remove(path);
    return;
  }
  const file = fs.open(path, 'update');
  try {
    fs.truncate(file, segment.end);
  } finally {
    fs.close(file);
  }
}
