import type { Batch } from '../../core/batch.ts';
import type { Encoded } from '../../core/encoded.ts';
import type { Delivery, Outcome, Queue } from '../../core/queue.ts';

const RANK: Readonly<Record<Outcome, number>> = { delivered: 0, dead_lettered: 1, returned: 2 };

/** As much of a queue as delivering needs. */
export type PullSource = Pick<Queue<Encoded>, 'pull'>;

/** A delivery of the queue whose records go into one parcel or several, each with an outcome of its own. It is done with the last of them. */
export class Pulled {
  readonly batch: Batch<Encoded>;
  readonly #delivery: Delivery<Encoded>;
  #open: number;
  #worst: Outcome = 'delivered';

  constructor(delivery: Delivery<Encoded>) {
    this.batch = delivery.batch;
    this.#delivery = delivery;
    this.#open = delivery.batch.items.length;
    if (this.#open === 0) delivery.done('delivered');
  }

  /** Says what became of so many of its records; a delivery goes back to its queue when any of them does. */
  settle(records: number, outcome: Outcome): void {
    if (records === 0) return;
    if (RANK[outcome] > RANK[this.#worst]) this.#worst = outcome;
    this.#open -= records;
    if (this.#open === 0) this.#delivery.done(this.#worst);
  }
}

/** So many records in a row of one delivery. */
export interface Share {
  readonly of: Pulled;
  readonly records: number;
}

/** What one write sends: records of one delivery or several, in the order of the queue. */
export interface Parcel {
  readonly batch: Batch<Encoded>;
  readonly shares: readonly Share[];
}

export function settleParcel({ shares }: Parcel, outcome: Outcome): void {
  for (const { of, records } of shares) of.settle(records, outcome);
}

/** The records of a parcel that are wanted, by index, as a parcel of their own. */
export function pick({ batch, shares }: Parcel, wanted: (index: number) => boolean): Parcel {
  const items: Encoded[] = [];
  const kept: Share[] = [];
  let bytes = 0;
  let index = 0;
  for (const { of, records } of shares) {
    const before = items.length;
    for (const end = index + records; index < end; index += 1) {
      const item = batch.items[index] as Encoded;
      if (!wanted(index)) continue;
      items.push(item);
      bytes += item.bytes.length;
    }
    if (items.length > before) kept.push({ of, records: items.length - before });
  }
  return { batch: { items, bytes }, shares: kept };
}

/** A parcel that was not dealt with, for another delivery to go on with: records of it that are dealt with already are not sent again. */
export function asDelivery(parcel: Parcel): Delivery<Encoded> {
  return { batch: parcel.batch, done: (outcome) => settleParcel(parcel, outcome) };
}

/** The records of a parcel with these indexes, one group for each that lie side by side. */
export function neighbours({ batch }: Parcel, indexes: ReadonlySet<number>): readonly (readonly Encoded[])[] {
  const groups: Encoded[][] = [];
  let group: Encoded[] | undefined;
  for (const [index, item] of batch.items.entries()) {
    if (!indexes.has(index)) group = undefined;
    else if (group === undefined) groups.push((group = [item]));
    else group.push(item);
  }
  return groups;
}
