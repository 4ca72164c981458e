import type { Encoded, Origin } from '../../core/encoded.ts';
import { add } from '../../core/ledger.ts';
import type { SinkLedger } from '../../core/ledger.ts';

/** The records that the books count: those with a sequence. CHECKPOINTs have none; what they say is about the others. */
export function countOf(items: readonly Encoded[]): number {
  let count = 0;
  for (const { sequence } of items) if (sequence !== 0) count += 1;
  return count;
}

/**
 * These no longer wait; what becomes of them is the caller's to book. What an earlier run accepted has not been waiting in the books of this one.
 * `own`: the origin of this run's records where they come from a queue on disk.
 */
export function takeOut(ledger: SinkLedger, items: readonly Encoded[], own: Origin | undefined): void {
  for (const { sequence, origin } of items) {
    if (sequence === 0) continue;
    if (origin === undefined || origin === own) ledger.waiting -= 1;
    else ledger.takenOver += 1;
  }
}

export function settleLost(ledger: SinkLedger, events: number, reason: 'rejected' | 'shutdown'): void {
  if (events > 0) add(ledger.lost, reason, events);
}
