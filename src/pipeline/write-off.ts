import type { AgentError } from '../core/errors.ts';
import { add } from '../core/ledger.ts';
import type { DeliveryEvents } from './delivery.ts';
import type { Lane } from './lane.ts';

/**
 * What the queues hold when nobody delivers any more, so that every event ends in the books. What a durable one holds goes on waiting. Told is what nobody
 * told yet: the delivery told of what it had pulled.
 */
export function writeOff(lanes: readonly Lane[], error: AgentError, events: Pick<DeliveryEvents, 'lost'>): void {
  for (const { ledger, durable = false } of lanes) {
    const unsaid = (durable ? 0 : ledger.waiting) + (ledger.dropped['shutdown'] ?? 0);
    if (unsaid > 0) events.lost(ledger.sink, error, unsaid);
    if (ledger.waiting === 0 || durable) continue;
    add(ledger.lost, 'shutdown', ledger.waiting);
    ledger.waiting = 0;
  }
}

/** Events that the end of the agent cost. */
export function lostAtTheEnd(lanes: readonly Lane[]): number {
  return lanes.reduce((sum, { ledger: { lost, dropped } }) => sum + (lost['shutdown'] ?? 0) + (dropped['shutdown'] ?? 0), 0);
}
