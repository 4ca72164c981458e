import type { MovedEvent } from '../../core/kernel-event.ts';
import type { EnrichContext } from '../context.ts';
import { parseCgroup } from '../procfs/cgroup.ts';
import { OWN_CGROUP, START_UNKNOWN } from '../table/entry.ts';

/** From here on the process, what it forks and its end are in another cgroup. No event comes of it: there is none of the kernel's. */
export function onMoved(ctx: EnrichContext, { tgid, monotonicNs, cgroup }: MovedEvent): void {
  const entry = ctx.table.get(tgid);
  if (entry?.whereabouts !== 'living') return;
  // Of the pid's former holder.
  if (entry.startSource !== START_UNKNOWN && monotonicNs < entry.startNs) return;
  const path = parseCgroup(cgroup);
  entry.cgroup = path === undefined ? null : ctx.strings.share(path);
  entry.movedNs = monotonicNs;
  entry.marks |= OWN_CGROUP;
}
