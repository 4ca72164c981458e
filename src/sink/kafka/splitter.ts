import type { Encoded } from '../../core/encoded.ts';
import type { PartitionRecords } from './driver.ts';
import { partitionOf } from './protocol/murmur2.ts';
import type { Envelope, KafkaRecord } from './record.ts';

/** Where a record goes, but for the partition, and in what. */
export interface Address {
  readonly topic: string;
  readonly key: Uint8Array;
  readonly envelope: Envelope;
}

export interface AddressOf {
  (event: Encoded): Address | Promise<Address>;
  /** Said before each batch: what addresses are made from may have changed since the last. */
  readonly refresh?: () => void;
}

interface Target {
  readonly topic: string;
  readonly partition: number;
  readonly records: KafkaRecord[];
}

/** Splits batches by partition. */
export class Splitter {
  readonly #addressOf: AddressOf;

  constructor(addressOf: AddressOf) {
    this.#addressOf = addressOf;
  }

  /** In the order of the events. `partitions`: how many a topic has; asked once a topic, so that a key has one partition in a batch. Rejects with what that and the addresses reject with. */
  async split(events: readonly Encoded[], partitions: (topic: string) => Promise<number>): Promise<readonly PartitionRecords[]> {
    this.#addressOf.refresh?.();
    const targets = new Map<string, Target>();
    const counts = new Map<string, number>();
    let former: Address | undefined;
    let target: Target | undefined;
    for (const event of events) {
      const found = this.#addressOf(event);
      const address = found instanceof Promise ? await found : found;
      // The same for most events of a host, so that there is nothing to compute.
      if (target === undefined || address !== former) {
        const { topic, key } = address;
        const count = counts.get(topic) ?? (await partitions(topic));
        counts.set(topic, count);
        target = targetAt(targets, topic, partitionOf(key, count));
      }
      former = address;
      target.records.push({ key: address.key, envelope: address.envelope, event });
    }
    return [...targets.values()];
  }
}

function targetAt(targets: Map<string, Target>, topic: string, partition: number): Target {
  const name = `${partition}/${topic}`;
  let target = targets.get(name);
  if (target === undefined) {
    target = { topic, partition, records: [] };
    targets.set(name, target);
  }
  return target;
}
