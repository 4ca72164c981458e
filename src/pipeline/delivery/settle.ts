import type { Encoded } from '../../core/encoded.ts';
import { add } from '../../core/ledger.ts';
import type { SinkLedger } from '../../core/ledger.ts';

/** The records that the books count: those with a sequence. CHECKPOINTs have none; what they say is about the others. */
export function countOf(items: readonly Encoded[]): number {
  let count = 0;
  for (const { sequence } of items) if (sequence !== 0) count += 1;
  return count;
}

export function settleDelivered(ledger: SinkLedger, events: number): void {
  ledger.waiting -= events;
  ledger.delivered += events;
}

export function settleDeadLettered(ledger: SinkLedger, events: number): void {
  ledger.waiting -= events;
  ledger.deadLettered += events;
}

export function settleLost(ledger: SinkLedger, events: number, reason: 'rejected' | 'shutdown'): void {
  if (events === 0) return;
  ledger.waiting -= events;
  add(ledger.lost, reason, events);
}
