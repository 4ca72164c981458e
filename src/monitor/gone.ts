import { readFileSync } from 'node:fs';
import { AgentError } from '../core/errors.ts';
import { errnoName } from '../core/system-error.ts';
import { UNKNOWN_TICKS, startTicksOf } from '../core/start-ticks.ts';
import { thisMachine } from '../enrich/machine.ts';
import type { ProcessView } from '../enrich/process-view.ts';
import { isDead, parseStat } from '../enrich/procfs/stat.ts';
import { isSameStart } from '../enrich/start-time.ts';

/** A process by pid and start, as `process` of any record names it: with the start, a reused pid is another process. */
export interface ProcessRef {
  readonly pid: number;
  readonly entity_id: string;
}

/** PID_MAX_LIMIT: the kernel gives none beyond. */
const MAX_PID = 2 ** 22;
const machine = thisMachine([]);

/**
 * Whether the process has ended: there is none with this pid, or it is another, or a zombie. The system is asked first, because it knows at once what will be
 * heard in a moment. Throws USAGE where the pid cannot be one.
 */
export function isGone(one: number | ProcessRef, processes: ProcessView | undefined): boolean {
  const pid = typeof one === 'number' ? one : one.pid;
  if (!Number.isSafeInteger(pid) || pid < 1)
    throw new AgentError('USAGE', `${JSON.stringify(pid ?? one)} is no pid`, { fix: 'Give whole numbers above zero.' });
  if (pid > MAX_PID || !machine.isAlive(pid)) return true;
  const ticks = typeof one === 'number' ? UNKNOWN_TICKS : startTicksOf(Buffer.from(one.entity_id.replaceAll('-', ''), 'hex'));
  const holder = processes?.holderOf(pid);
  if (holder?.living === true) {
    const same = compareStarts(ticks, startTicksOf(holder.entityId));
    if (same !== undefined || typeof one === 'number') return same === false;
  }
  const stat = readStat(pid);
  return stat !== undefined && (isDead(stat) || compareStarts(ticks, stat.startTicks) === false);
}

/** undefined: one of them is not known. */
function compareStarts(one: number, other: number): boolean | undefined {
  return one === UNKNOWN_TICKS || other === UNKNOWN_TICKS ? undefined : isSameStart(one, other);
}

/** undefined: not to be seen, for which hidepid is a reason as good as its end. */
function readStat(pid: number): ReturnType<typeof parseStat> {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`));
  } catch (error) {
    if (errnoName(error) === undefined) throw error;
    return undefined;
  }
}
