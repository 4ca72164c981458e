import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import type { StatsFs } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errnoName } from '../../core/system-error.ts';
import { escapeText } from '../../core/text.ts';
import { roundSize } from '../../core/units.ts';
import { folderFault } from '../../sink/file/safe-folder.ts';
import type { FolderRules } from '../../sink/file/safe-folder.ts';
import { ok } from './finding.ts';
import type { Check } from './finding.ts';

/** A folder that the agent writes to, and how much it may come to hold. */
export interface Folder {
  readonly name: string;
  readonly path: string;
  readonly keepBytes: number;
  /** The same that `run` goes by. */
  readonly rules: FolderRules;
}

const REFUSED = 'the agent refuses it: nothing can be stored';

/** Types in statfs(2) of what root may seem to write to: proc, sysfs, cgroup, cgroup2, debugfs, tracefs, securityfs. */
const PSEUDO: ReadonlySet<number> = new Set([0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x64626720, 0x74726163, 0x73636673]);

/** Whether the agent could use the folder; nothing is created. `denied` names the system's error of an attempt to write, where it would fail. */
export function checkFolder(folder: Folder, denied: (path: string) => string | undefined = writeErrno): Check {
  const path = resolve(folder.path);
  const shown = escapeText(path);
  const failed = (found: string, fix: string): Check => ({ name: folder.name, status: 'failed', found, consequence: REFUSED, fix });
  const fault = folderFault(path, folder.rules);
  if (fault !== undefined) return failed(fault.message, fault.fix ?? folder.rules.elsewhere);
  const existing = nearestExisting(path);
  const system = statfsSync(existing);
  if (PSEUDO.has(system.type)) return failed(`${shown} lies where no files can be made`, folder.rules.elsewhere);
  const errno = denied(existing);
  if (errno === 'EROFS') return failed(`${shown} lies on a read-only file system`, `mount it writable, or ${folder.rules.elsewhere}`);
  if (errno !== undefined) {
    const fix = `give this user write permission on ${escapeText(existing)}, or ${folder.rules.elsewhere}`;
    return failed(`${shown} is not writable: ${errno}`, fix);
  }
  return spaceCheck(folder, system, `${shown}${existing === path ? '' : ' (will be created)'}`);
}

function spaceCheck({ name, keepBytes }: Folder, { blocks, bavail, bsize }: StatsFs, shown: string): Check {
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

/** The folder itself, or the one that it would be created in; only for paths without a fault. */
function nearestExisting(path: string): string {
  let current = path;
  while (current !== dirname(current) && !existsSync(current)) current = dirname(current);
  return current;
}

function writeErrno(path: string): string | undefined {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return errnoName(error) ?? 'unknown error';
  }
}
