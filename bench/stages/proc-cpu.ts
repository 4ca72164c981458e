import { readFileSync, readdirSync } from 'node:fs';
import { waitFor } from '../../test/helpers/wait-for.ts';

const TICKS_PER_SECOND = 100; // USER_HZ
const STAT_UTIME = 11; // after "pid (comm) ", which is where splitting begins
const STAT_STIME = 12;
const COMM_LENGTH = 15;
/** poll and ppoll, asm/unistd_64.h and asm-generic/unistd.h. */
const POLL_CALLS: readonly string[] = process.arch === 'arm64' ? ['73'] : ['7', '271'];

/** CPU time so far of a process or thread, given as its folder in /proc, in steps of 10 ms. */
export function cpuUsOf(folder: string): number {
  const stat = readFileSync(`${folder}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[STAT_UTIME]) + Number(fields[STAT_STIME])) / TICKS_PER_SECOND) * 1e6;
}

/**
 * Folder in /proc of a worker thread that sleeps in poll(2) when it has nothing to do. From version 24 on Node.js gives threads the names of their workers;
 * before, all are called like the process, and the others (the event loop in epoll, the pools on a futex) never poll.
 */
export async function threadOf(pid: number, worker: string): Promise<string> {
  const isNamed = (thread: string): boolean => readFileSync(`${thread}/comm`, 'utf8').trimEnd() === worker.slice(0, COMM_LENGTH);
  const find = (): string | undefined => {
    const threads = readdirSync(`/proc/${pid}/task`).map((tid) => `/proc/${pid}/task/${tid}`);
    return threads.find(isNamed) ?? threads.find(isPolling);
  };
  return waitFor(find, { what: `the thread ${worker} of ${pid} to be there` });
}

function isPolling(thread: string): boolean {
  return POLL_CALLS.includes(readFileSync(`${thread}/syscall`, 'utf8').split(' ', 1)[0] ?? '');
}
