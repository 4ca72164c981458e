import { readFileSync } from 'node:fs';
import { HIERARCHIES, NO_HIERARCHY } from './layout.ts';

/** A hierarchy of cgroups, by its line in /proc/<pid>/cgroup: `<id>:<names>:<path>`; the unified one is `0::`. */
export interface Hierarchy {
  readonly id: number;
  readonly names: string;
}

/** Those that are mounted anywhere on this machine. */
export function readHierarchies(root = '/proc'): Hierarchy[] {
  const found: Hierarchy[] = [];
  for (const line of readFileSync(`${root}/self/cgroup`, 'latin1').split('\n')) {
    const [id, names] = line.split(':', 2);
    if (names !== undefined) found.push({ id: Number(id), names });
  }
  return found;
}

/** Those that say where a process belongs, by their places; `NO_HIERARCHY` where there is none, or where an earlier place has it. */
export function wantedOf(hierarchies: readonly Hierarchy[]): number[] {
  const wanted: number[] = [];
  for (const name of HIERARCHIES) {
    const found = hierarchies.find(({ names }) => (name === '' ? names === '' : names.split(',').includes(name)));
    wanted.push(found === undefined || wanted.includes(found.id) ? NO_HIERARCHY : found.id);
  }
  return wanted;
}

/** Where a hierarchy is mounted: `root` is the cgroup that is seen at `point`. */
export interface CgroupMount {
  readonly hierarchy: number;
  readonly root: string;
  readonly point: string;
}

/** From /proc/self/mountinfo, proc(5): … root point options [optional …] - type source options. Those mounted from the root come first. */
export function readCgroupMounts(hierarchies: readonly Hierarchy[], root = '/proc'): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of readFileSync(`${root}/self/mountinfo`, 'latin1').split('\n')) {
    const [before, after] = line.split(' - ', 2);
    const [type, , options] = (after ?? '').split(' ');
    if (type !== 'cgroup' && type !== 'cgroup2') continue;
    const [, , , from, point] = (before ?? '').split(' ').map(unescape);
    const hierarchy = hierarchies.find(({ names }) => (type === 'cgroup2' ? names === '' : isMountOf(options ?? '', names)));
    if (hierarchy !== undefined && from !== undefined && point !== undefined)
      mounts.push({ hierarchy: hierarchy.id, root: from === '/' ? '' : from, point });
  }
  return mounts.toSorted((one, other) => one.root.length - other.root.length);
}

function isMountOf(options: string, names: string): boolean {
  const given = options.split(',');
  return names !== '' && names.split(',').every((name) => given.includes(name));
}

function unescape(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
