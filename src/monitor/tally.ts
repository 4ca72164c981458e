import type { KernelKind } from '../core/kernel-event.ts';
import type { MonitorKind } from './records.ts';

/** Totals since the monitor was made, over all its runs. */
export interface MonitorCounters {
  /** Heard from the kernel, by kind, wanted or not, those of threads included. */
  readonly events: Readonly<Record<MonitorKind, number>>;
  /** Lost before they could be heard, as far as known; each loss is a GAP. */
  readonly lost: number;
  /** Calls of listeners for events. */
  readonly calls: number;
  /** Records that subscribers were too slow to take, over all of them. */
  readonly dropped: number;
  /** Records that were withheld from a subscription by name, because nobody knows the name of the process. */
  readonly unnamed: number;
  /** Listeners that threw or rejected. */
  readonly failedCalls: number;
  /** Subscriptions for events, now. */
  readonly subscribers: number;
  /** Kernel subscriptions made. */
  readonly starts: number;
  /** Runs that ended by an error. */
  readonly failures: number;
}

/** The counts that the parts of the monitor keep. */
export class Tally {
  readonly heard: Record<KernelKind, number> = { FORK: 0, EXEC: 0, EXIT: 0, UID: 0, GID: 0, SID: 0, PTRACE: 0, COMM: 0, COREDUMP: 0 };
  lost = 0;
  calls = 0;
  dropped = 0;
  unnamed = 0;
  starts = 0;
  failures = 0;

  get events(): MonitorCounters['events'] {
    const { FORK: fork, EXEC: exec, EXIT: exit, UID: uid, GID: gid, SID: sid, PTRACE: ptrace, COMM: comm, COREDUMP: coredump } = this.heard;
    return { fork, exec, exit, uid, gid, sid, ptrace, comm, coredump };
  }
}
