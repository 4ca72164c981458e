import type { KafkaRecord } from './record.ts';

/** What goes to one partition at once, in this order. Decided when a batch is split, and kept: partitions may be added meanwhile. */
export interface PartitionRecords {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly KafkaRecord[];
}

/** The same as a driver sends it: whenever it is sent again it is the same to the broker, which knows by that what it has already. */
export interface Prepared {
  readonly target: PartitionRecords;
  /** As sent, compressed; 0 where the driver does not know. */
  readonly bytes: number;
}

/**
 * A client library, used in the one safe way: one batch at a time to a partition, idempotent, acknowledged by all replicas in sync.
 * All methods but `close` reject with a `KafkaFault`, which says what is known about the outcome.
 */
export interface KafkaDriver<P extends Prepared = Prepared> {
  /** The largest batch, in records. */
  readonly maxRecords: number;
  /** Reaches the cluster and gets what it takes to produce. */
  open(signal: AbortSignal): Promise<void>;
  /** How many partitions the topic has. */
  partitions(topic: string, signal: AbortSignal): Promise<number>;
  /** `nowMs`: record time of all, where the broker refuses the events' own. */
  prepare(target: PartitionRecords, nowMs?: number): P;
  /** Resolves when all replicas in sync have it. The caller sees to it that nothing else is on its way to that partition. */
  send(prepared: P): Promise<void>;
  /** A fresh start with a partition: the broker recognises nothing any more that was sent before. Where an outcome is unknown, records may come twice. */
  renew(target: PartitionRecords): Promise<void>;
  /** Idempotent; what is being sent rejects. */
  close(): Promise<void>;
}
