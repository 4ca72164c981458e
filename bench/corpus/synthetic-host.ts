import type { ExecEvent, ExitEvent, ForkEvent, Heard, SnapshotEvent } from '../../src/core/kernel-event.ts';
import { captureOf } from './proc-files.ts';
import type { ProcessFacts } from './proc-files.ts';

/** Short-lived programs as they fill the process tables of servers: shells, coreutils, health checks, compilers. */
const PROGRAMS: readonly { readonly exe: string; readonly argv: (n: number) => string[] }[] = [
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
const DAEMONS = 200;
const FIRST_PID = 1000;
const LAST_PID = 4_194_303;
const NS_PER_EVENT = 20_000; // 50,000 events/s
const DELAY_US = 150;
const TICK_NS = 1e7;
const WALL_OFFSET_US = 1_760_000_000_000_000;
const SIGKILL = 9;

/**
 * A host that never sleeps: 200 daemons, half of them in containers, start short-lived programs: FORK, EXEC with a full capture, EXIT, on two CPUs,
 * sixteen alive at once. The same events every time.
 */
export class SyntheticHost {
  readonly #daemons: ProcessFacts[] = [];
  readonly #alive: ProcessFacts[] = [];
  #events = 0;
  #cycles = 0;
  #nextPid = FIRST_PID + DAEMONS;

  constructor() {
    for (let i = 0; i < DAEMONS; i++) this.#daemons.push(daemon(i));
  }

  /** What the agent finds when it starts. */
  snapshots(): SnapshotEvent[] {
    return this.#daemons.map((facts) => ({ kind: 'SNAPSHOT', purpose: 'start', ...stamp(0), pid: facts.pid, tgid: facts.pid, capture: captureOf(facts) }));
  }

  /** The next `cycles` processes: three events each. */
  next(cycles: number): Heard[] {
    const heard: Heard[] = [];
    for (let i = 0; i < cycles; i++) {
      const facts = this.#start();
      heard.push(this.#fork(facts), this.#exec(facts));
      this.#alive.push(facts);
      if (this.#alive.length > 16) heard.push(this.#exit(this.#alive.shift() ?? facts));
    }
    return heard;
  }

  #start(): ProcessFacts {
    const n = this.#cycles++;
    const parent = this.#daemons[(n * 7919) % DAEMONS];
    const program = PROGRAMS[n % PROGRAMS.length];
    if (!parent || !program) throw new Error('the tables are not empty');
    const pid = this.#nextPid++;
    if (this.#nextPid > LAST_PID) this.#nextPid = FIRST_PID + DAEMONS;
    const startTicks = Math.floor((this.#events * NS_PER_EVENT) / TICK_NS);
    const comm = program.exe.slice(program.exe.lastIndexOf('/') + 1);
    return { pid, ppid: parent.pid, comm, exe: program.exe, argv: program.argv(n), uid: parent.uid, startTicks, cgroup: parent.cgroup };
  }

  #fork({ pid, ppid }: ProcessFacts): ForkEvent {
    return { kind: 'FORK', ...this.#heardNow(), pid, tgid: pid, parentPid: ppid, parentTgid: ppid };
  }

  #exec(facts: ProcessFacts): ExecEvent {
    return { kind: 'EXEC', ...this.#heardNow(), pid: facts.pid, tgid: facts.pid, capture: captureOf(facts) };
  }

  #exit({ pid, ppid }: ProcessFacts): ExitEvent {
    const exitCode = pid % 50 === 0 ? SIGKILL : pid % 10 === 0 ? 256 : 0;
    return { kind: 'EXIT', ...this.#heardNow(), pid, tgid: pid, exitCode, exitSignal: 17, parentPid: ppid, parentTgid: ppid };
  }

  #heardNow(): { monotonicNs: number; timeUs: number; delayUs: number; cpu: number; kernelSeq: number } {
    const n = this.#events++;
    return { ...stamp(n * NS_PER_EVENT), delayUs: DELAY_US, cpu: n % 2, kernelSeq: n >> 1 };
  }
}

function stamp(monotonicNs: number): { monotonicNs: number; timeUs: number } {
  return { monotonicNs, timeUs: WALL_OFFSET_US + Math.floor(monotonicNs / 1000) };
}

/** Every second one in a container; the first is init, the next ten are its children, the rest theirs. */
function daemon(i: number): ProcessFacts {
  const id = i.toString(16).padStart(2, '0').repeat(32);
  return {
    pid: FIRST_PID + i,
    ppid: i === 0 ? 0 : FIRST_PID + Math.floor((i - 1) / 10),
    comm: `daemon-${i % 20}`,
    exe: `/usr/sbin/daemon-${i % 20}`,
    argv: [`/usr/sbin/daemon-${i % 20}`, '--config', `/etc/daemon/${i}.yaml`, '--foreground'],
    uid: i % 3 === 0 ? 0 : 1000 + (i % 5),
    startTicks: 0,
    cgroup: i % 2 === 0 ? `/system.slice/docker-${id.slice(0, 64)}.scope` : `/system.slice/daemon-${i % 20}.service`,
  };
}
