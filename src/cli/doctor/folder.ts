import { accessSync, constants, statSync, statfsSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { escapeText } from '../../core/text.ts';
import { roundSize } from '../../core/units.ts';
import { ok } from './finding.ts';
import type { Check } from './finding.ts';

/** A folder that the agent writes to, and how much it may come to hold. */
export interface Folder {
  readonly name: string;
  readonly path: string;
  readonly keepBytes: number;
  /** Whom it must belong to, with nobody else able to write there; null: anyone. */
  readonly ownerUid: number | null;
}

/** Whether the agent could use the folder; nothing is created. */
export function checkFolder(folder: Folder, canWrite: (path: string) => boolean = writable): Check {
  const path = resolve(folder.path);
  const shown = escapeText(path);
  const { name } = folder;
  const failed = (found: string, consequence: string, fix: string): Check => ({
    name,
    status: 'failed',
    found: `${shown} ${found}`,
    consequence,
    fix,
  });
  const existing = nearestExisting(path);
  if (existing === undefined)
    return failed('cannot be looked at', 'nothing can be stored', 'give this user search permission on the folders above it');
  if (!existing.stats.isDirectory())
    return failed(`${existing.path === path ? 'is' : 'lies below'} a file`, 'nothing can be stored', 'choose another folder');
  if (existing.path === path) {
    const unsafe = unsafety(existing.stats, folder.ownerUid);
    if (unsafe !== undefined)
      return failed(
        unsafe,
        'the agent refuses it: others could read or replace what is stored',
        'chown it to this user and chmod 700 it, or choose another folder',
      );
  }
  if (!canWrite(existing.path))
    return failed(
      'is not writable',
      'nothing can be stored',
      `give this user write permission on ${escapeText(existing.path)}, or choose another folder`,
    );
  return spaceCheck(folder, existing.path, `${shown}${existing.path === path ? '' : ' (will be created)'}`);
}

function spaceCheck({ name, keepBytes }: Folder, existing: string, shown: string): Check {
  const { blocks, bavail, bsize } = statfsSync(existing);
  // A file system without a size of its own, such as an unlimited tmpfs.
  if (blocks === 0) return ok(name, shown);
  const free = bavail * bsize;
  const found = `${shown}, ${roundSize(free)} free`;
  if (free >= keepBytes) return ok(name, found);
  return {
    name,
    status: 'degraded',
    found,
    consequence: `the sinks may keep ${roundSize(keepBytes)}: the file system can be full before old files are deleted`,
    fix: 'make room, or lower keep of the file sinks',
  };
}

interface Existing {
  readonly path: string;
  readonly stats: Stats;
}

/** The folder itself, or the one that it would be created in. */
function nearestExisting(path: string): Existing | undefined {
  for (let current = path; ; current = dirname(current)) {
    try {
      return { path: current, stats: statSync(current) };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== 'ENOENT' && code !== 'ENOTDIR') || current === dirname(current)) return undefined;
    }
  }
}

function unsafety(stats: Stats, uid: number | null): string | undefined {
  if (uid === null) return undefined;
  if (stats.uid !== uid) return `belongs to another user (uid ${stats.uid})`;
  return (stats.mode & 0o022) === 0 ? undefined : `may be written by others (mode ${(stats.mode & 0o7777).toString(8)})`;
}

function writable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    // Whatever the reason (permission, read-only file system), the answer is the same.
    return false;
  }
}
