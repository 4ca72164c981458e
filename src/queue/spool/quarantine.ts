import { basename, join } from 'node:path';
import type { SpoolFs } from './spool-fs.ts';

/** Below the spool's folder: what could not be read, for people to look at. */
export const QUARANTINE = 'quarantine';

export interface QuarantineOptions {
  /** The spool's. */
  readonly folder: string;
  /** The oldest go first; the newest stays however large it is. */
  readonly maxBytes: number;
}

/** Moves a file of the spool aside. Throws the system's own error. */
export function moveToQuarantine(fs: SpoolFs, path: string, { folder, maxBytes }: QuarantineOptions): string {
  const quarantine = join(folder, QUARANTINE);
  fs.makeFolder(quarantine);
  const target = join(quarantine, basename(path));
  fs.rename(path, target);
  let bytes = 0;
  const newestFirst = fs.list(quarantine).toSorted((a, b) => (a.name < b.name ? 1 : -1));
  for (const entry of newestFirst) {
    bytes += entry.bytes;
    if (bytes > maxBytes && entry.name !== basename(path)) fs.remove(join(quarantine, entry.name));
  }
  return target;
}
