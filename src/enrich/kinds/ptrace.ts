import type { ProcessEvent } from '../../core/event.ts';
import type { PtraceEvent } from '../../core/kernel-event.ts';
import type { EnrichContext } from '../context.ts';
import { addSummary, newProcessEvent } from '../event-shape.ts';
import { entityIdOf } from '../parents.ts';
import { knownOrPlaceholder } from '../resolve.ts';

/** `process` is the traced one. A detach names no tracer. */
export function onPtrace(ctx: EnrichContext, event: PtraceEvent, wanted: boolean): ProcessEvent | null {
  const entry = knownOrPlaceholder(ctx, event.tgid, event.monotonicNs);
  if (!wanted) return null;
  const made = newProcessEvent(ctx, event, entry);
  addSummary(ctx, made.process, entry);
  const attach = event.tracerPid !== 0;
  const tracer = attach ? ctx.table.get(event.tracerTgid) : undefined;
  made.ptrace = { tracer_pid: event.tracerTgid, tracer_entity_id: tracer === undefined ? null : entityIdOf(tracer), attach };
  return made;
}
