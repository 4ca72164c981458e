/**
 * The books of one sink. At any instant:
 * `sequenced = filtered + Σ dropped + accepted` and `accepted + takenOver = delivered + deadLettered + Σ lost + waiting`,
 * where `waiting` is what the queue holds of this run, pulled batches included. CHECKPOINTs, which have no sequence, are not in these counts.
 */
export interface SinkLedger {
  readonly sink: string;
  /** The first sequence that is given while the sink is there. */
  from: number;
  /** The last one; null where it is there to the end. */
  to: number | null;
  sequenced: number;
  filtered: number;
  /** Never accepted, by reason (queue_full, unencodable). */
  readonly dropped: Record<string, number>;
  accepted: number;
  /** Of these, as they are encoded. */
  acceptedBytes: number;
  /** What a queue on disk wrote of these, compressed, CHECKPOINTs included; 0 in memory. */
  storedBytes: number;
  /** Sequence of the last accepted; 0 where none is. */
  lastAccepted: number;
  /** Accepted by earlier runs, and dealt with by this one: a queue on disk had kept them. */
  takenOver: number;
  delivered: number;
  deadLettered: number;
  /** Accepted but gone, by reason (evicted, rejected, shutdown): what only a durable queue avoids. */
  readonly lost: Record<string, number>;
  waiting: number;
}

export function openLedger(sink: string): SinkLedger {
  return {
    sink,
    from: 1,
    to: null,
    sequenced: 0,
    filtered: 0,
    dropped: {},
    accepted: 0,
    acceptedBytes: 0,
    storedBytes: 0,
    lastAccepted: 0,
    takenOver: 0,
    delivered: 0,
    deadLettered: 0,
    lost: {},
    waiting: 0,
  };
}

export function total(byReason: Readonly<Record<string, number>>): number {
  let sum = 0;
  for (const count of Object.values(byReason)) sum += count;
  return sum;
}

export function add(byReason: Record<string, number>, reason: string, count: number): void {
  byReason[reason] = (byReason[reason] ?? 0) + count;
}

/** What does not add up, in words; empty when the books balance. */
export function imbalances(ledger: SinkLedger): string[] {
  const found: string[] = [];
  const entered = ledger.filtered + total(ledger.dropped) + ledger.accepted;
  if (entered !== ledger.sequenced)
    found.push(`${ledger.sink}: sequenced ${ledger.sequenced}, but filtered + dropped + accepted = ${entered}`);
  const left = ledger.delivered + ledger.deadLettered + total(ledger.lost) + ledger.waiting;
  const had = ledger.accepted + ledger.takenOver;
  if (left !== had) found.push(`${ledger.sink}: accepted and taken over ${had}, but delivered + dead-lettered + lost + waiting = ${left}`);
  return found;
}
