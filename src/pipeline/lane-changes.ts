import type { Component } from '../core/component.ts';
import type { Lane } from './lane.ts';
import type { LaneRun } from './lane-run.ts';
import { openComponent, openQueue } from './open-component.ts';
import { ReopeningSink } from './reopening-sink.ts';

/** A lane that goes on with another sink, on the same queue and in the same books. */
export interface ChangedLane {
  readonly from: Lane;
  readonly to: Lane;
  /** `from` once more, with a sink and dead letters that were never open: those of `from` are closed by the time the new ones do not open. */
  readonly again: () => Lane;
}

export interface LaneChanges {
  readonly added: readonly Lane[];
  readonly changed: readonly ChangedLane[];
  readonly removed: readonly Lane[];
}

export interface ChangeParts {
  /** That which runs the lane with these books. */
  readonly runOf: (lane: Lane) => LaneRun;
  /** Ends the preparation. */
  readonly until: AbortSignal;
  /** Ends the restoration of what was. */
  readonly hard: AbortSignal;
  /** Never rejects. */
  readonly close: (component: Pick<Component, 'close'>) => Promise<void>;
}

/** How long a sink that worked has to open again before it is left to its retries. */
const RESTORE_MS = 10_000;

/**
 * Opens what is new: first the added lanes, which disturbs nobody, then the changed ones, each in place of what it follows: two sinks may not be able to
 * be open on the same thing at once. Afterwards the changed lanes rest, and everything is ready to `resume`. All or nothing: where anything does not
 * open, everything is as before, and the first error is thrown.
 */
export async function openChanges({ added, changed }: LaneChanges, parts: ChangeParts): Promise<void> {
  await openAll(added, parts);
  try {
    await exchange(changed, parts);
  } catch (error) {
    for (const lane of added) await closeLane(lane, parts.close);
    throw error;
  }
}

/** Its sink, its queue and its dead letters. */
export async function closeLane({ sink, queue, deadLetters }: Lane, close: ChangeParts['close']): Promise<void> {
  await close(sink);
  await close(queue);
  if (deadLetters !== undefined) await close(deadLetters);
}

async function openAll(lanes: readonly Lane[], { until, close }: ChangeParts): Promise<void> {
  const begun: Lane[] = [];
  try {
    for (const lane of lanes) {
      begun.push(lane);
      await openQueue(lane, until);
      await openComponent(lane.sink, until);
    }
  } catch (error) {
    for (const lane of begun) await closeLane(lane, close);
    throw error;
  }
}

async function exchange(changed: readonly ChangedLane[], parts: ChangeParts): Promise<void> {
  await haltAll(changed.map(({ from }) => parts.runOf(from)));
  for (const { from } of changed) await closeTarget(parts.runOf(from).lane, parts);
  const begun: Lane[] = [];
  try {
    for (const { to } of changed) {
      begun.push(to);
      await openComponent(to.sink, parts.until);
    }
  } catch (error) {
    for (const lane of begun) await closeTarget(lane, parts);
    for (const one of changed) await restore(one, parts);
    throw error;
  }
}

/** Where one does not let go, the others go on. */
async function haltAll(runs: readonly LaneRun[]): Promise<void> {
  const halts = await Promise.allSettled(runs.map((run) => run.halt()));
  const stuck = halts.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
  if (stuck === undefined) return;
  for (const [index, run] of runs.entries()) if (halts[index]?.status === 'fulfilled') run.resume(run.lane);
  throw stuck.reason;
}

async function restore({ from, again }: ChangedLane, { runOf, hard, close }: ChangeParts): Promise<void> {
  const lane = again();
  const run = runOf(from);
  try {
    await openComponent(lane.sink, AbortSignal.any([hard, AbortSignal.timeout(RESTORE_MS)]));
    run.resume(lane);
  } catch {
    // Told with the first write, which tries again.
    await close(lane.sink);
    run.resume({ ...lane, sink: new ReopeningSink(lane.sink, () => again().sink) });
  }
}

/** The queue goes on. */
async function closeTarget({ sink, deadLetters }: Lane, { close }: ChangeParts): Promise<void> {
  await close(sink);
  if (deadLetters !== undefined) await close(deadLetters);
}
