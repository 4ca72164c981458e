import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { nativeTool } from './build.ts';

/** FORK + EXIT of a process; FORK + EXEC + EXIT of a process; FORK + EXIT of a thread. One of each is a cycle. */
export type StormMode = 'fork' | 'exec' | 'thread';

/** At least one of `seconds` and `count` must be given; whichever comes first ends the storm. */
export interface StormOptions {
  readonly mode: StormMode;
  /** Events a second over all workers; 0 or absent: as fast as it goes. */
  readonly rate?: number;
  readonly seconds?: number;
  /** Cycles over all workers. */
  readonly count?: number;
  readonly workers?: number;
  /** Worker w runs on the w-th of these, round robin. */
  readonly cpus?: readonly number[];
  /** Program to exec, called with the single argument `--storm-id=<tag>-<n>`, n dense from 0. Default: the cheapest there is. */
  readonly exec?: string;
  readonly tag?: string;
  /** Children alive at once per worker, exec mode only. */
  readonly inFlight?: number;
  readonly exitCode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** What the storm did, exactly; see the header of storm.c for what it cannot know. */
export interface StormReport {
  readonly mode: StormMode;
  readonly pid: number;
  /** The processes that forked: the parents (tgid) of all the storm's children. */
  readonly forkers: readonly number[];
  readonly cycles: number;
  readonly forks: number;
  readonly execs: number;
  readonly exits: number;
  readonly threadForks: number;
  readonly threadExits: number;
  /** Sum of the five above; the storm's own worker processes are not in it. */
  readonly generated: number;
  /** FORK and EXIT events of the workers. */
  readonly own: { readonly forks: number; readonly exits: number };
  readonly failedForks: number;
  readonly failedExecs: number;
  /** Children that a signal ended: whether their EXEC was sent is not certain. */
  readonly signalled: number;
  readonly seconds: number;
  readonly askedRate: number;
  readonly achievedRate: number;
  readonly worstLagUs: number;
  readonly cpuSelfSeconds: number;
  readonly cpuChildrenSeconds: number;
  /** Ended by a signal rather than by count or time. */
  readonly stopped: boolean;
  /** False when a worker died: then the numbers are a lower bound. */
  readonly complete: boolean;
}

/** A storm whose processes exist. */
export interface RunningStorm {
  readonly pid: number;
  readonly forkers: readonly number[];
  /** Rejects when the storm could not run or a worker died. */
  readonly report: Promise<StormReport>;
  /** Ends it early; the report still comes. */
  stop(): void;
}

/** Runs a storm to its end. Its last EXIT events may follow the report by microseconds. */
export async function runStorm(options: StormOptions): Promise<StormReport> {
  return (await startStorm(options)).report;
}

export async function startStorm(options: StormOptions): Promise<RunningStorm> {
  const { uid, gid } = options;
  const ids = { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
  const child = spawn(await nativeTool('storm'), toArguments(options), { stdio: ['ignore', 'pipe', 'pipe'], ...ids });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const complaint = text(child.stderr);
  const closed = once(child, 'close');
  const next = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (!done) return JSON.parse(value) as T;
    await closed;
    throw new Error(`storm ended with ${child.signalCode ?? child.exitCode} and no report: ${(await complaint).trim()}`);
  };
  const { pid, forkers } = await next<{ pid: number; forkers: number[] }>();
  const report = next<StormReport>().then((last) => whole(last));
  report.catch(() => undefined); // a caller may look at it only after stop()
  return { pid, forkers, report, stop: () => void child.kill('SIGTERM') };
}

function whole(report: StormReport): StormReport {
  if (!report.complete) throw new Error(`a worker of the storm was killed: ${JSON.stringify(report)}`);
  return report;
}

function toArguments(options: StormOptions): string[] {
  const named: [string, string | number | undefined][] = [
    ['--mode', options.mode],
    ['--rate', options.rate],
    ['--seconds', options.seconds],
    ['--count', options.count],
    ['--workers', options.workers],
    ['--cpu', options.cpus?.join(',')],
    ['--exec', options.exec],
    ['--tag', options.tag],
    ['--in-flight', options.inFlight],
    ['--exit-code', options.exitCode],
  ];
  return ['--announce', ...named.flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)]))];
}
