import { errnoName } from '../../core/system-error.ts';
import { moveToQuarantine } from './quarantine.ts';
import type { Found, Irregular } from './recovery.ts';
import type { SpoolEvent } from './spool-events.ts';
import type { SpoolFs } from './spool-fs.ts';

/** What lies in a spool's folder beside its segments. */
export const POSITION = 'position';
export const LOCK = 'lock';

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
