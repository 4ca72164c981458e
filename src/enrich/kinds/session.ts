import type { ProcessEvent } from '../../core/event.ts';
import type { SidEvent } from '../../core/kernel-event.ts';
import type { EnrichContext } from '../context.ts';
import { addSummary, newProcessEvent } from '../event-shape.ts';
import { knownOrPlaceholder } from '../resolve.ts';

/** setsid(2): the process leads a new session and group of its own number, without a terminal. */
export function onSession(ctx: EnrichContext, event: SidEvent, wanted: boolean): ProcessEvent | null {
  const entry = knownOrPlaceholder(ctx, event.tgid, event.monotonicNs);
  entry.sid = event.tgid;
  entry.pgid = event.tgid;
  entry.tty = null;
  if (!wanted) return null;
  const made = newProcessEvent(ctx, event, entry);
  addSummary(ctx, made.process, entry);
  made.process.sid = event.tgid;
  made.process.pgid = event.tgid;
  return made;
}
