import type { Encoded } from '../../core/encoded.ts';
import type { Delivery } from '../../core/queue.ts';
import { Filling } from './filling.ts';
import type { Remainder } from './filling.ts';
import { Pulled, asDelivery } from './parcel.ts';
import type { Parcel, PullSource } from './parcel.ts';
import type { BatchBounds } from './policy.ts';
import type { DeliveryTime } from './time.ts';

/** null: the queue has ended and is empty, or all was aborted. */
type Pull = { readonly delivery: Delivery<Encoded> } | { readonly failure: unknown } | null;

/**
 * Makes parcels of what a queue delivers, in its order. A parcel is through when it is full, when its first record has waited for `lingerMs`,
 * or when there is nothing more to come. One pull is always under way while a parcel waits for company, so what it brings may belong to the next one.
 */
export class Batcher {
  readonly #queue: PullSource;
  readonly #bounds: BatchBounds | null;
  readonly #time: DeliveryTime;
  /** Kept until what it brought is used; null and failures for ever. */
  #pulling: Promise<Pull> | undefined;
  #rest: Remainder | undefined;
  #lingerMs: number;
  #cutLinger: () => void = () => undefined;

  constructor(queue: PullSource, bounds: BatchBounds | null, time: DeliveryTime) {
    this.#queue = queue;
    this.#bounds = bounds;
    this.#time = time;
    this.#lingerMs = bounds?.lingerMs ?? 0;
  }

  /** The next parcel, or undefined when there is nothing more to come. Rejects with what the queue fails with. For one caller at a time. */
  async next(hard: AbortSignal): Promise<Parcel | undefined> {
    const filling = new Filling(this.#bounds);
    const first = this.#rest ?? (await this.#first(hard));
    if (first === undefined) return undefined;
    this.#rest = filling.take(first);
    if (!filling.full && this.#rest === undefined) await this.#fill(filling, hard);
    return filling.parcel;
  }

  /** No more will come than what is queued already: from now on nothing waits for company. */
  drain(): void {
    this.#lingerMs = 0;
    this.#cutLinger();
  }

  /** What was pulled and is in no parcel, in the order of the queue. After `next` is not called any more, and when it could not wait. */
  async release(): Promise<Delivery<Encoded>[]> {
    const left: Delivery<Encoded>[] = [];
    if (this.#rest !== undefined) {
      const { of, from, bytes } = this.#rest;
      const items = of.batch.items.slice(from);
      left.push(asDelivery({ batch: { items, bytes }, shares: [{ of, records: items.length }] }));
    }
    this.#rest = undefined;
    const pull = await this.#pulling;
    if (pull !== undefined && pull !== null && 'delivery' in pull) left.push(pull.delivery);
    return left;
  }

  async #first(hard: AbortSignal): Promise<Remainder | undefined> {
    for (;;) {
      const pull = await this.#pull(hard);
      if (pull === null) return undefined;
      if ('failure' in pull) throw pull.failure;
      const rest = this.#use(pull.delivery);
      if (rest !== undefined) return rest;
    }
  }

  async #fill(filling: Filling, hard: AbortSignal): Promise<void> {
    const lingered = this.#startLinger();
    try {
      while (!filling.full && this.#rest === undefined) {
        const pull = await Promise.race([this.#pull(hard), lingered]);
        // A failure is thrown by the next call: what came before it is to be delivered.
        if (pull === undefined || pull === null || 'failure' in pull) return;
        const rest = this.#use(pull.delivery);
        if (rest !== undefined) this.#rest = filling.take(rest);
      }
    } finally {
      this.#cutLinger();
    }
  }

  #startLinger(): Promise<undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const end = (): void => {
      callOff();
      resolve(undefined);
    };
    const callOff = this.#time.after(this.#lingerMs, end);
    this.#cutLinger = end;
    return promise;
  }

  #pull(hard: AbortSignal): Promise<Pull> {
    this.#pulling ??= this.#queue.pull(hard).then(
      (delivery) => (delivery === undefined ? null : { delivery }),
      (failure: unknown) => (hard.aborted ? null : { failure }),
    );
    return this.#pulling;
  }

  /** undefined: it was empty, and is done. */
  #use(delivery: Delivery<Encoded>): Remainder | undefined {
    this.#pulling = undefined;
    const { items, bytes } = delivery.batch;
    const of = new Pulled(delivery);
    return items.length === 0 ? undefined : { of, from: 0, bytes };
  }
}
