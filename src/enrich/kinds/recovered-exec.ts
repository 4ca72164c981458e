import type { ProcessEvent } from '../../core/event.ts';
import type { RecoveredEvent } from '../../core/kernel-event.ts';
import { applyCaptured, parseCapture, type Captured } from '../captured.ts';
import type { EnrichContext } from '../context.ts';
import { haveIdsChanged } from '../former-ids.ts';
import { imageOf, nextImage } from '../images.ts';
import type { StatFields } from '../procfs/stat.ts';
import { statOf } from '../recorded.ts';
import { strayEntry } from '../resolve.ts';
import { isOf } from '../scan/sighting.ts';
import { readStart } from '../start-time.ts';
import { OWN_IMAGE, type Entry } from '../table/entry.ts';
import { describeExec } from './exec.ts';

interface Found {
  readonly event: RecoveredEvent;
  readonly stat: StatFields;
  readonly captured: Captured;
}

/**
 * An exec of which only the kernel's record came, and late: what was heard of the process meanwhile, its end perhaps or another exec, is newer and stays. null where a
 * listing of /proc has told of it, and where no execs are wanted.
 */
export function onRecoveredExec(ctx: EnrichContext, event: RecoveredEvent): ProcessEvent | null {
  const stat = statOf(event.capture);
  if (stat === undefined) return null;
  const found = { event, stat, captured: parseCapture(ctx, event.capture, { stat, pid: event.tgid }) };
  const holder = ctx.table.get(event.tgid);
  const known = holder !== undefined && isOf(ctx, stat, holder) ? holder : undefined;
  if (known !== undefined && isTold(known, found.captured)) return null;
  const entry = known !== undefined && known.aliveNs <= event.monotonicNs ? renewed(ctx, known, found) : apart(ctx, known, found);
  if (!ctx.kinds.has('EXEC')) return null;
  ctx.counters.recovered.execs++;
  return describeExec(ctx, event, { entry, captured: found.captured, foreign: false, before: null });
}

function isTold({ image }: Entry, { envStart }: Captured): boolean {
  return image !== null && image.envStart !== 0 && image.envStart === envStart;
}

/** Nothing later is known of what the process runs: from here on this is it, or was at its end. */
function renewed(ctx: EnrichContext, entry: Entry, { event, stat, captured }: Found): Entry {
  readStart(ctx, entry, { ticks: stat.startTicks, stamp: event, startNs: event.capture.kernel?.startMonotonicNs });
  ctx.table.setImage(entry, nextImage(ctx, entry, captured));
  entry.marks |= OWN_IMAGE;
  entry.aliveNs = event.monotonicNs;
  applyCaptured(ctx, entry, haveIdsChanged(entry, event.monotonicNs) ? { ...captured, status: undefined } : captured);
  return entry;
}

/** Not into the table: of a process that has ended it would never leave, and one that lives a listing finds. */
function apart(ctx: EnrichContext, known: Entry | undefined, { event, stat, captured }: Found): Entry {
  const entry = strayEntry(ctx, event.tgid, event.monotonicNs);
  readStart(ctx, entry, { ticks: stat.startTicks, stamp: event, startNs: event.capture.kernel?.startMonotonicNs });
  if (known !== undefined) {
    entry.id = known.id;
    known.execs++;
  }
  entry.image = imageOf(captured, known === undefined ? ctx.execIds.ofFound(entry.id) : ctx.execIds.ofHeard(known.id, known.execs));
  entry.marks |= OWN_IMAGE;
  entry.ppid = stat.ppid;
  applyCaptured(ctx, entry, captured);
  return entry;
}
