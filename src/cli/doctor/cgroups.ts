import { ok } from './finding.ts';
import type { Check } from './finding.ts';
import type { Mount } from './mounts.ts';

/** All layouts are understood; which one it is explains the paths that events carry. */
export function checkCgroups(mounts: readonly Mount[]): Check {
  const v1 = mounts.filter(({ type }) => type === 'cgroup').length;
  const v2 = mounts.some(({ type }) => type === 'cgroup2');
  if (v1 > 0 && v2) return ok('cgroups', 'hybrid: v1 controllers and v2', 'the most specific path of either is reported');
  if (v1 > 0) return ok('cgroups', `v1 (${v1} hierarchies)`, 'the most specific path is reported');
  if (v2) return ok('cgroups', 'v2');
  return ok('cgroups', 'not mounted here', 'containers are told by /proc/<pid>/cgroup nevertheless');
}
