import type { ProcessEvent } from '../../core/event.ts';
import type { CommEvent } from '../../core/kernel-event.ts';
import type { EnrichContext } from '../context.ts';
import { addSummary, newProcessEvent } from '../event-shape.ts';
import { knownOrPlaceholder } from '../resolve.ts';

/** A new name, given by prctl or through /proc (an exec's new name makes no message). That of another thread is not the process's. */
export function onComm(ctx: EnrichContext, event: CommEvent, wanted: boolean): ProcessEvent | null {
  const ofThread = event.pid !== event.tgid;
  if (ofThread && !ctx.threads) return null;
  const entry = knownOrPlaceholder(ctx, event.tgid, event.monotonicNs);
  const old = ofThread ? null : entry.name;
  if (!ofThread) entry.name = ctx.strings.share(event.comm);
  if (!wanted) return null;
  const made = newProcessEvent(ctx, event, entry);
  addSummary(ctx, made.process, entry);
  made.comm = { old, new: event.comm };
  return made;
}
