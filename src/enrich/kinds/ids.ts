import type { IdsInfo, ProcessEvent } from '../../core/event.ts';
import type { IdEvent } from '../../core/kernel-event.ts';
import type { EnrichContext } from '../context.ts';
import { addSummary, newProcessEvent } from '../event-shape.ts';
import { noteFormerIds } from '../former-ids.ts';
import { isEscalation } from '../marks/escalation.ts';
import { knownOrPlaceholder } from '../resolve.ts';
import { GID_FROM_THREAD, OWN_IDS, UID_FROM_THREAD, type Entry } from '../table/entry.ts';

/**
 * User or group ids changed. Ids belong to threads, and libc makes every thread of a process change its own: n messages, of which one is
 * published unless threads are. Any thread may come first.
 */
export function onIds(ctx: EnrichContext, event: IdEvent, wanted: boolean): ProcessEvent | null {
  const entry = knownOrPlaceholder(ctx, event.tgid, event.monotonicNs);
  if (!ctx.threads && isEcho(entry, event)) return null;
  const ids = changeIds(entry, event);
  if (!wanted) return null;
  const made = newProcessEvent(ctx, event, entry);
  addSummary(ctx, made.process, entry);
  made.provenance.user = 'KERNEL';
  made.ids = ids;
  return made;
}

/**
 * The same change told by another thread. The leader's message is one only right after a thread's: alone it is
 * a change of the saved or file-system id, which the message does not show.
 */
function isEcho(entry: Entry, event: IdEvent): boolean {
  const isUser = event.kind === 'UID';
  const real = isUser ? entry.uid : entry.gid;
  const effective = isUser ? entry.euid : entry.egid;
  const mark = isUser ? UID_FROM_THREAD : GID_FROM_THREAD;
  const isSame = real === event.real && effective === event.effective;
  if (event.pid !== event.tgid) {
    if (!isSame) entry.marks |= mark;
    return isSame;
  }
  const afterThread = entry.has(mark);
  entry.marks &= ~mark;
  return isSame && afterThread;
}

function changeIds(entry: Entry, event: IdEvent): IdsInfo {
  noteFormerIds(entry, event);
  const isUser = event.kind === 'UID';
  const ids: IdsInfo = {
    old_real: isUser ? entry.uid : entry.gid,
    old_effective: isUser ? entry.euid : entry.egid,
    new_real: event.real,
    new_effective: event.effective,
    escalation: false,
  };
  ids.escalation = isUser && isEscalation({ uid: ids.old_real, euid: ids.old_effective }, { uid: ids.new_real, euid: ids.new_effective });
  if (isUser) {
    entry.uid = event.real;
    entry.euid = event.effective;
  } else {
    entry.gid = event.real;
    entry.egid = event.effective;
  }
  entry.marks |= OWN_IDS;
  return ids;
}
