import type { HostFiles } from '../../../../src/cli/host-files.ts';

/** As recorded on Linux 6.18: all capabilities; and none, as uid 65534. */
export const STATUS_ROOT =
  'Name:\tnode\nUmask:\t0022\nUid:\t0\t0\t0\t0\nCapInh:\t0000000000000000\nCapPrm:\t000001fffeffffff\nCapEff:\t000001fffeffffff\nCapBnd:\t000001fffeffffff\n';
export const STATUS_NOBODY =
  'Name:\tnode\nUid:\t65534\t65534\t65534\t65534\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t000001fffeffffff\n';

const PROC = '22 27 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:14 - proc proc rw';
export const MOUNTS = {
  hybrid: [
    PROC,
    '31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
    '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory',
    '39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids',
    '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
    '',
  ].join('\n'),
  v1: `${PROC}\n35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n`,
  v2: `${PROC}\n30 25 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n`,
  hidepid:
    '22 27 0:21 / /proc rw,relatime - proc proc rw\n99 27 0:77 / /proc rw,nosuid,relatime shared:14 master:3 - proc proc rw,gid=4,hidepid=invisible\n',
} as const;

export const INITIAL_NAMESPACES = {
  '/proc/self/ns/pid': 'pid:[4026531836]',
  '/proc/self/ns/user': 'user:[4026531837]',
  '/proc/self/ns/net': 'net:[4026531833]',
} as const;

export function recorded(text: Readonly<Record<string, string>>, links: Readonly<Record<string, string>> = INITIAL_NAMESPACES): HostFiles {
  return { text: (path) => text[path], link: (path) => links[path] };
}
