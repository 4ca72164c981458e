import { readFileSync } from 'node:fs';
import { errnoName } from '../../core/system-error.ts';

/** The lines of /proc/<pid>/cgroup; undefined when they cannot be read (any more). */
export function liveCgroup(pid: number, root = '/proc'): Buffer | undefined {
  try {
    return readFileSync(`${root}/${pid}/cgroup`);
  } catch (error) {
    if (errnoName(error) === undefined) throw error;
    return undefined;
  }
}
