import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { nativeTool } from '../../bench/storm/build.ts';

/** Connector messages that the kernel numbered on one CPU within a window: those after `fromSeq` up to and including `toSeq` (u32, may have wrapped). */
export interface CpuWindow {
  readonly cpu: number;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly count: number;
  /** How many of them are the oracle's own marks (COMM events of its pid). */
  readonly own: number;
}

export interface KernelWindow {
  readonly cpus: readonly CpuWindow[];
  /** All messages numbered in the window, on all CPUs: what an agent that lost nothing heard in it. */
  readonly total: number;
  /** The same without the oracle's own marks: what everybody else caused. Acknowledgements count: one for each LISTEN, one for each IGNORE. */
  readonly others: number;
}

/** The kernel's own count of its events, machine-wide; see kernel-count.c for how. It is a listener: while it is open, `somebodyListens()`. */
export interface KernelTotal {
  readonly pid: number;
  /** Closes the window that began at the previous mark (or at the start) and begins the next. */
  mark(): Promise<KernelWindow>;
  /** Stops listening. Idempotent. */
  close(): Promise<void>;
}

interface Mark {
  cpu: number;
  seq: number;
  count: number;
  own: number;
}
interface Line {
  complete: boolean;
  cpus: Mark[];
}

export async function startKernelTotal(): Promise<KernelTotal> {
  const child = spawn(await nativeTool('kernel-count'), { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  child.stdin.on('error', () => undefined); // its end shows as the end of its output
  const ended = once(child, 'close');
  ended.catch(() => undefined); // a failed start shows in `next`
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Mark[]> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`kernel-count ended early: ${complaint.trim()}`, { cause: await ended.catch((error: unknown) => error) });
    const line = JSON.parse(value) as Line;
    if (!line.complete) throw new Error('kernel-count may not run on every CPU of this machine, so it cannot count everything');
    return line.cpus;
  };
  const close = async (): Promise<void> => {
    child.stdin.end();
    await ended;
  };
  let before: Mark[];
  try {
    before = await next();
  } catch (error) {
    child.stdin.end();
    throw error;
  }
  const mark = async (): Promise<KernelWindow> => {
    child.stdin.write('\n');
    const now = await next();
    const window = windowBetween(before, now);
    before = now;
    return window;
  };
  return { pid: child.pid ?? 0, mark, close };
}

/** True when the message with this number (any extension of the kernel's u32) lies in the window. */
export function inWindow(window: KernelWindow, cpu: number, seq: number): boolean {
  const range = window.cpus.find((one) => one.cpu === cpu);
  if (!range) return false;
  const distance = ((seq % 2 ** 32) - range.fromSeq + 2 ** 32) % 2 ** 32;
  return distance >= 1 && distance <= range.count;
}

function windowBetween(before: readonly Mark[], now: readonly Mark[]): KernelWindow {
  const cpus = now.map(({ cpu, seq, count, own }, index): CpuWindow => ({ cpu, fromSeq: before[index]?.seq ?? 0, toSeq: seq, count, own }));
  const total = cpus.reduce((sum, { count }) => sum + count, 0);
  return { cpus, total, others: total - cpus.reduce((sum, { own }) => sum + own, 0) };
}
