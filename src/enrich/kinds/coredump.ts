import type { ProcessEvent } from '../../core/event.ts';
import type { CoredumpEvent } from '../../core/kernel-event.ts';
import type { EnrichContext } from '../context.ts';
import { addSummary, newProcessEvent } from '../event-shape.ts';
import { knownOrPlaceholder } from '../resolve.ts';

/** The message does not name the signal; the EXIT that follows does. */
export function onCoredump(ctx: EnrichContext, event: CoredumpEvent, wanted: boolean): ProcessEvent | null {
  const entry = knownOrPlaceholder(ctx, event.tgid, event.monotonicNs);
  if (!wanted) return null;
  const made = newProcessEvent(ctx, event, entry);
  addSummary(ctx, made.process, entry);
  made.coredump = { signal: null };
  return made;
}
