import type { Heard, KernelEvent } from '../../core/kernel-event.ts';
import { DAEMONS, FIRST_PID, LINKER, PROGRAMS, SWITCH_USER, daemon, drawLife, running } from './population.ts';
import type { Step } from './population.ts';
import { captureOf, captureOfNobody } from './proc-files.ts';
import type { ProcessFacts } from './proc-files.ts';
import { Random } from './random.ts';

const LAST_PID = 4_194_303;
const CPUS = 4;
/** Short-lived processes alive at once. */
const CONCURRENCY = 16;
const TICK_NS = 1e7;
const DAY_NS = 86_400e9;
const NEW_YEAR_2026_US = Date.UTC(2026, 0, 1) * 1000;
const SIGCHLD = 17;
const NO_SIGNAL = 0xffffffff;

/** Wait statuses, as the kernel gives them. */
const STATUS = { exit: 0, fail: 1 << 8, killed: 9, crash: 0x80 | 11 } as const;

export interface HostOptions {
  readonly seed: number;
  /** Between two events, on average. */
  readonly stepNs: number;
  readonly maxArgsBytes: number;
  /** Nothing but commands: FORK, EXEC and EXIT alike. */
  readonly plain?: boolean;
}

interface Process {
  facts: ProcessFacts;
  readonly steps: readonly Step[];
  at: number;
  readonly threads: number[];
}

type Stamps = Pick<KernelEvent, 'monotonicNs' | 'timeUs' | 'delayUs' | 'cpu' | 'kernelSeq'>;

/**
 * A host that never sleeps: 200 daemons, half of them in containers, start short-lived processes, which run commands, switch users, have threads, crash, or are
 * gone before anybody looks. The same events for the same options, also on another machine; its clocks are its own.
 */
export class SyntheticHost {
  /** Where CLOCK_MONOTONIC of this host stands at the start. */
  readonly startNs: number;
  /** Wall clock − CLOCK_MONOTONIC, microseconds. */
  readonly wallUs: number;
  readonly #options: HostOptions;
  readonly #random: Random;
  readonly #daemons: readonly ProcessFacts[] = Array.from({ length: DAEMONS }, (_, i) => daemon(i));
  readonly #alive: Process[] = [];
  readonly #seqs: number[];
  #nowNs: number;
  #started = 0;
  #nextPid = FIRST_PID + DAEMONS;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    // Up for one to thirty days, the clock somewhere in 2026.
    this.startNs = this.#random.below(29 * DAY_NS) + DAY_NS;
    this.#nowNs = this.startNs;
    this.wallUs = NEW_YEAR_2026_US + this.#random.below(365 * 86_400) * 1e6 - Math.floor(this.startNs / 1000);
    this.#seqs = Array.from({ length: CPUS }, () => this.#random.below(2 ** 32));
  }

  timeUs(monotonicNs: number): number {
    return Math.floor(monotonicNs / 1000 + this.wallUs);
  }

  /** What an agent finds when it starts. */
  listing(): Heard[] {
    const scan = {
      kind: 'SCAN',
      purpose: 'start',
      monotonicNs: this.#nowNs,
      timeUs: this.timeUs(this.#nowNs),
      beganNs: this.#nowNs,
    } as const;
    const found = this.#daemons.map((facts): Heard => ({
      kind: 'SNAPSHOT',
      purpose: 'start',
      monotonicNs: this.#nowNs,
      timeUs: scan.timeUs,
      pid: facts.pid,
      tgid: facts.pid,
      capture: this.#capture(facts),
    }));
    return [{ ...scan, phase: 'BEGIN', processes: 0 }, ...found, { ...scan, phase: 'END', processes: found.length }];
  }

  next(): KernelEvent {
    if (this.#alive.length < CONCURRENCY) this.#begin(this.#random.of(this.#daemons));
    for (;;) {
      const index = this.#random.below(this.#alive.length);
      const process = this.#alive[index] as Process;
      const step = process.steps[process.at++] as Step;
      if (process.at === process.steps.length) this.#alive.splice(index, 1);
      if (step !== 'child') return this.#take(process, step);
      this.#begin(process.facts);
    }
  }

  #begin(parent: ProcessFacts): void {
    const facts = { ...parent, pid: this.#newPid(), ppid: parent.pid, startTicks: Math.floor(this.#nowNs / TICK_NS) };
    this.#alive.push({ facts, steps: drawLife(this.#random, this.#options.plain === true), at: 0, threads: [] });
  }

  #newPid(): number {
    const pid = this.#nextPid++;
    if (this.#nextPid > LAST_PID) this.#nextPid = FIRST_PID + DAEMONS;
    return pid;
  }

  #take(process: Process, step: Exclude<Step, 'child'>): KernelEvent {
    switch (step) {
      case 'fork':
        return this.#fork(process);
      case 'exec':
        return this.#exec(process, this.#random.of(PROGRAMS));
      case 'exec_linker':
        return this.#exec(process, LINKER);
      case 'exec_su':
        return this.#exec(process, SWITCH_USER);
      case 'exec_unseen':
        return { kind: 'EXEC', ...this.#now(), ...idsOf(process), capture: captureOfNobody(this.#random.below(400)) };
      case 'thread':
      case 'thread_exit':
        return step === 'thread' ? this.#thread(process) : this.#threadExit(process);
      case 'exit':
      case 'fail':
      case 'killed':
      case 'crash':
        return this.#exit(process, STATUS[step]);
      default:
        return this.#change(process, step);
    }
  }

  #change(process: Process, step: 'rename' | 'uid' | 'gid' | 'session' | 'traced' | 'untraced' | 'dump'): KernelEvent {
    const common = { ...this.#now(), ...idsOf(process) };
    const user = 1000 + (process.facts.pid % 5);
    const tracer = step === 'traced' ? FIRST_PID : 0;
    switch (step) {
      case 'rename':
        return { kind: 'COMM', ...common, comm: `worker/${process.facts.pid % 64}` };
      case 'uid':
        process.facts = { ...process.facts, uid: user };
        return { kind: 'UID', ...common, real: user, effective: user };
      case 'gid':
        return { kind: 'GID', ...common, real: user, effective: user };
      case 'session':
        return { kind: 'SID', ...common };
      case 'dump':
        return { kind: 'COREDUMP', ...common, ...parentOf(process) };
      case 'traced':
      case 'untraced':
        return { kind: 'PTRACE', ...common, tracerPid: tracer, tracerTgid: tracer };
    }
  }

  #fork(process: Process): KernelEvent {
    return { kind: 'FORK', ...this.#now(), ...idsOf(process), ...parentOf(process) };
  }

  #exec(process: Process, program: (typeof PROGRAMS)[number]): KernelEvent {
    process.facts = running(process.facts, program, this.#started++);
    return { kind: 'EXEC', ...this.#now(), ...idsOf(process), capture: this.#capture(process.facts) };
  }

  /** The kernel names the parent of the process here, not the thread that cloned. */
  #thread(process: Process): KernelEvent {
    const tid = this.#newPid();
    process.threads.push(tid);
    return { kind: 'FORK', ...this.#now(), pid: tid, tgid: process.facts.pid, ...parentOf(process) };
  }

  #threadExit(process: Process): KernelEvent {
    const pid = process.threads.pop() as number;
    const none = { exitCode: 0, exitSignal: NO_SIGNAL, parentPid: 0, parentTgid: 0 };
    return { kind: 'EXIT', ...this.#now(), pid, tgid: process.facts.pid, ...none };
  }

  #exit(process: Process, exitCode: number): KernelEvent {
    return { kind: 'EXIT', ...this.#now(), ...idsOf(process), exitCode, exitSignal: SIGCHLD, ...parentOf(process) };
  }

  #capture(facts: ProcessFacts): ReturnType<typeof captureOf> {
    return captureOf(facts, { delayUs: 40 + this.#random.below(200), maxArgsBytes: this.#options.maxArgsBytes });
  }

  /** One event on; where and when. */
  #now(): Stamps {
    this.#nowNs += 1 + this.#random.below(2 * this.#options.stepNs);
    const cpu = this.#random.below(CPUS);
    const kernelSeq = this.#seqs[cpu] as number;
    this.#seqs[cpu] = kernelSeq + 1;
    return { monotonicNs: this.#nowNs, timeUs: this.timeUs(this.#nowNs), delayUs: 20 + this.#random.below(300), cpu, kernelSeq };
  }
}

function idsOf({ facts }: Process): { pid: number; tgid: number } {
  return { pid: facts.pid, tgid: facts.pid };
}

function parentOf({ facts }: Process): { parentPid: number; parentTgid: number } {
  return { parentPid: facts.ppid, parentTgid: facts.ppid };
}
