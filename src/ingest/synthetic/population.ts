/** Who runs on the synthetic host, and what it starts. */
import type { ProcessFacts } from './proc-files.ts';
import type { Random } from './random.ts';

export interface Program {
  readonly exe: string;
  readonly argv: (n: number) => string[];
}

/** Short-lived programs as they fill the process tables of servers: shells, coreutils, health checks, compilers. */
export const PROGRAMS: readonly Program[] = [
  { exe: '/usr/bin/dash', argv: (n) => ['/bin/sh', '-c', `/usr/local/bin/check --port ${8000 + (n % 90)} --timeout 5 | logger -t health`] },
  { exe: '/usr/bin/cat', argv: (n) => ['cat', `/sys/class/net/eth${n % 4}/statistics/rx_bytes`] },
  { exe: '/usr/bin/grep', argv: (n) => ['grep', '-E', '-q', `^worker-${n % 500}\\b`, '/var/lib/app/state'] },
  { exe: '/usr/bin/date', argv: () => ['date', '-u', '+%s'] },
  { exe: '/usr/bin/curl', argv: (n) => ['curl', '-fsS', '-m', '2', `http://127.0.0.1:${8000 + (n % 90)}/healthz?probe=${n}`] },
  {
    exe: '/usr/lib/gcc/x86_64-linux-gnu/12/cc1',
    argv: (n) => ['cc1', '-quiet', '-O2', '-Wall', '-I', 'include', `src/module_${n % 3000}.c`, '-o', `/tmp/cc${n}.s`],
  },
  { exe: '/usr/bin/git', argv: (n) => ['git', '-C', `/srv/repos/project-${n % 40}.git`, 'rev-parse', '--verify', 'HEAD^{commit}'] },
];

/** A linker with thousands of objects: longer than what is kept of a command line by default. */
export const LINKER: Program = {
  exe: '/usr/bin/ld',
  argv: (n) => ['ld', '-o', `/tmp/out-${n}`, ...Array.from({ length: 200 + (n % 1800) }, (_, i) => `build/objects/module_${i}.o`)],
};
export const SWITCH_USER: Program = { exe: '/usr/bin/su', argv: (n) => ['su', '-s', '/bin/sh', `svc${1000 + (n % 5)}`, '-c', 'backup'] };

export const DAEMONS = 200;
export const FIRST_PID = 1000;
/** Names of the host's users, by uid. */
export const USERS: Readonly<Record<string, string>> = {
  '0': 'root',
  ...Object.fromEntries([1000, 1001, 1002, 1003, 1004].map((uid) => [uid, `svc${uid}`])),
};

/** Every second one in a container; the first is init, the next ten are its children, the rest theirs. */
export function daemon(i: number): ProcessFacts {
  const id = i.toString(16).padStart(2, '0').repeat(32);
  const name = `daemon-${i % 20}`;
  return {
    pid: FIRST_PID + i,
    ppid: i === 0 ? 0 : FIRST_PID + Math.floor((i - 1) / 10),
    comm: name,
    exe: `/usr/sbin/${name}`,
    argv: [`/usr/sbin/${name}`, '--config', `/etc/daemon/${i}.yaml`, '--foreground'],
    uid: i % 3 === 0 ? 0 : 1000 + (i % 5),
    startTicks: 100 + i,
    cgroup: i % 2 === 0 ? `/system.slice/docker-${id.slice(0, 64)}.scope` : `/system.slice/${name}.service`,
  };
}

/** The facts of a process that runs `program` instead. */
export function running(facts: ProcessFacts, program: Program, n: number): ProcessFacts {
  return { ...facts, exe: program.exe, argv: program.argv(n), comm: program.exe.slice(program.exe.lastIndexOf('/') + 1).slice(0, 15) };
}

/** One step of a process's life, an event each; `child` starts another process below it. */
export type Step =
  | 'fork'
  | 'exec'
  | 'exec_linker'
  | 'exec_su'
  | 'exec_unseen'
  | 'child'
  | 'rename'
  | 'thread'
  | 'thread_exit'
  | 'uid'
  | 'gid'
  | 'session'
  | 'traced'
  | 'untraced'
  | 'dump'
  | 'exit'
  | 'fail'
  | 'killed'
  | 'crash';

interface Life {
  readonly weight: number;
  readonly steps: readonly Step[];
}

const COMMAND: Life = { weight: 60, steps: ['fork', 'exec', 'exit'] };
const LIVES: readonly Life[] = [
  COMMAND,
  { weight: 8, steps: ['fork', 'exec', 'fail'] },
  { weight: 8, steps: ['fork', 'exec', 'child', 'exit'] },
  // Over before its files could be read.
  { weight: 6, steps: ['fork', 'exec_unseen', 'exit'] },
  { weight: 5, steps: ['fork', 'rename', 'exit'] },
  { weight: 5, steps: ['fork', 'exec', 'thread', 'thread', 'thread_exit', 'thread_exit', 'exit'] },
  { weight: 3, steps: ['fork', 'exec_su', 'gid', 'uid', 'session', 'exec', 'exit'] },
  { weight: 2, steps: ['fork', 'exec', 'killed'] },
  { weight: 1, steps: ['fork', 'exec_linker', 'exit'] },
  { weight: 1, steps: ['fork', 'exec', 'dump', 'crash'] },
  { weight: 1, steps: ['fork', 'exec', 'traced', 'untraced', 'exit'] },
];
const TOTAL = LIVES.reduce((sum, { weight }) => sum + weight, 0);

/** How the next process lives; `plain`: as a command, like most. */
export function drawLife(random: Random, plain: boolean): readonly Step[] {
  if (plain) return COMMAND.steps;
  let at = random.below(TOTAL);
  for (const { weight, steps } of LIVES) {
    if (at < weight) return steps;
    at -= weight;
  }
  return COMMAND.steps;
}
