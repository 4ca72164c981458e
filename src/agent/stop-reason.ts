import type { DeliveryState } from '../core/delivery-state.ts';
import type { Lane } from '../pipeline/lane.ts';

const number = new Intl.NumberFormat('en-US');

/** Why the agent stops, with what waits on the disk for sinks that fail at this moment: it is not waited for, so that whoever reads STOP elsewhere can tell. */
export function stopReason(reason: string, lanes: Iterable<Lane>, states: ReadonlyMap<string, DeliveryState>): string {
  const waiting: string[] = [];
  for (const { ledger, queue, durable } of lanes) {
    const error = states.get(ledger.sink)?.lastError ?? null;
    if (durable === true && error !== null) waiting.push(`${number.format(queue.depth.events)} for ${ledger.sink} (${error.code})`);
  }
  return waiting.length === 0 ? reason : `${reason}; in spools: ${waiting.join(', ')}`;
}
