import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { AgentError } from '../../core/errors.ts';
import type { Libc } from '../native/libc.ts';
import { Errno } from '../native/libc.ts';

// linux/sched.h
const CLONE_NEWNET = 0x40000000;
const PF_KTHREAD = 0x00200000;
/** proc(5): the flags are the seventh field behind the command's closing bracket, which is the last one. */
const STAT_FLAGS = 6;

const FIX =
  'Grant CAP_SYS_ADMIN and CAP_SYS_PTRACE, with which it enters that namespace by itself, or run it there (Docker: --network=host, Kubernetes: hostNetwork: true).';

/** Folders of /proc, for tests. */
export interface NetworkPaths {
  /** This thread, not its process: `/proc/self` is the main thread. */
  readonly own: string;
  /** kthreadd, the parent of all kernel threads: they live in the initial namespaces, whatever process 1 is. */
  readonly kernel: string;
}
const PATHS: NetworkPaths = { own: '/proc/thread-self', kernel: '/proc/2' };

/**
 * Runs `work` on this thread with the host's network namespace: a socket made in it stays there. The connector answers nowhere else.
 * Who may not look at that namespace stays where it is: most often it is its own, and if not, the kernel refuses the subscription.
 * Throws NETLINK_NAMESPACE where it is another and may not be entered, BUG when the thread could not return; otherwise what `work` throws.
 * All is synchronous, so nothing else of this thread runs meanwhile.
 */
export function inHostNetwork<T>(libc: Libc, work: () => T, paths: NetworkPaths = PATHS): T {
  const host = openHost(paths.kernel);
  if (host === undefined) return work();
  try {
    const own = openOwn(paths.own);
    try {
      return isSame(own, host) ? work() : runInside(libc, { own, host }, work);
    } finally {
      closeSync(own);
    }
  } finally {
    closeSync(host);
  }
}

/** undefined where this process may not look at it (it takes CAP_SYS_PTRACE), or cannot see it at all: another pid namespace, hidepid. */
function openHost(kernel: string): number | undefined {
  try {
    return isKernelThread(readFileSync(`${kernel}/stat`, 'latin1')) ? openSync(`${kernel}/ns/net`, 'r') : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM' || code === 'ENOENT') return undefined;
    throw notSeen(error);
  }
}

function openOwn(own: string): number {
  try {
    return openSync(`${own}/ns/net`, 'r');
  } catch (error) {
    throw notSeen(error);
  }
}

/** Most likely no descriptor is to spare: that passes. */
function notSeen(cause: unknown): AgentError {
  const { message } = cause as Error;
  return new AgentError('NETLINK_SOCKET', `whether this is the host's network namespace cannot be seen: ${message}`, { cause });
}

/** In a pid namespace of its own another process may have that number. */
function isKernelThread(stat: string): boolean {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[STAT_FLAGS]) & PF_KTHREAD) !== 0;
}

function isSame(one: number, other: number): boolean {
  const [a, b] = [fstatSync(one), fstatSync(other)];
  return a.ino === b.ino && a.dev === b.dev;
}

function runInside<T>(libc: Libc, { own, host }: { own: number; host: number }, work: () => T): T {
  const entered = libc.setns(host, CLONE_NEWNET);
  if (entered.value !== 0) throw notEntered(entered.errno);
  let result: T;
  try {
    result = work();
  } catch (error) {
    goBack(libc, own, error);
    throw error;
  }
  goBack(libc, own);
  return result;
}

/** A thread that stayed behind would see another `/proc/net` than it believes. */
function goBack(libc: Libc, own: number, cause?: unknown): void {
  const { value, errno } = libc.setns(own, CLONE_NEWNET);
  if (value === 0) return;
  throw new AgentError('BUG', `the ingest thread could not return from the host's network namespace: errno ${errno}`, {
    context: { errno },
    cause,
  });
}

function notEntered(errno: number): AgentError {
  const denied = errno === Errno.EPERM || errno === Errno.EACCES;
  return new AgentError(
    'NETLINK_NAMESPACE',
    `the process connector answers only in the host's network namespace, which could not be entered: errno ${errno}`,
    { context: { errno }, ...(denied ? { fix: FIX } : {}) },
  );
}
