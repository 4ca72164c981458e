/**
 * When does a process end? With its last thread, which need not be the leader, and not when the leader's place is taken over.
 *
 * - `pthread_exit` by the leader, and plain `exit_group` of a threaded process: the leader's EXIT comes first, the process ends with the last EXIT.
 * - exec by another thread: EXIT(leader), then EXEC; the thread that exec'd took the leader's pid and its own TID never exits.
 * - exec by the leader: the others exit, in time or shortly *after* the EXEC (do_exit() wakes the exec before it reports).
 *
 * So threads are counted, forks up and exits down, even when thread events are not published. The count is exact for
 * a process whose fork was heard and after each exec, and as good as num_threads of /proc for one found running.
 * After a loss, and for a process of which only a stray event was heard, it cannot be trusted: then the leader's EXIT counts as
 * the end, which is early for a leader that left its threads behind, where waiting could mean for ever.
 */
import type { Entry } from './entry.ts';
import type { ProcessTable } from './process-table.ts';

export function setThreadCount(table: ProcessTable, entry: Entry, counted: { readonly threads: number; readonly atNs: number }): void {
  entry.threads = counted.threads;
  entry.countedNs = counted.atNs;
  entry.threadEpoch = table.lossEpoch;
}

export function isCountExact(table: ProcessTable, entry: Entry): boolean {
  return entry.threadEpoch === table.lossEpoch;
}

export function threadForked(entry: Entry, atNs: number): void {
  if (atNs >= entry.countedNs) entry.threads++;
}

/** An EXIT of a thread other than the leader; true when it was the end of the process. */
export function threadExited(entry: Entry, atNs: number): boolean {
  if (entry.whereabouts === 'exited' || atNs < entry.countedNs) return false;
  // While the leader lives its own count stands: a straggler of before an exec must not end the new image.
  entry.threads = Math.max(entry.threads - 1, entry.leaderExited ? 0 : 1);
  return entry.threads === 0;
}

/**
 * The EXIT of the leader; true when it was the end of the process. An exec by another thread may overtake the EXIT of the leader that it replaced: that one has
 * woken the exec before it reports itself. What it then reports tells: either its stamp and ids are from before the exec made it an ordinary thread, and so
 * earlier than the stamp of the EXEC, or it looks like a thread, with the id of the one that exec'd (Linux 5.8) or with the exit signal of a thread.
 */
export function leaderExited(table: ProcessTable, entry: Entry, atNs: number): boolean {
  if (entry.whereabouts !== 'exited' && atNs < entry.aliveNs) return false;
  // /proc showed it dead before this was heard: the count is of the threads that it left behind.
  if (entry.leaderExited && entry.threads > 0 && atNs < entry.countedNs && isCountExact(table, entry)) return false;
  if (entry.threads <= 1 || entry.leaderExited || !isCountExact(table, entry)) return true;
  entry.threads--;
  entry.leaderExited = true;
  return false;
}
