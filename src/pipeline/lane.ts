import type { Batch } from '../core/batch.ts';
import type { Sink } from '../core/component.ts';
import type { DeadLetters } from '../core/dead-letters.ts';
import type { Encoded, Origin } from '../core/encoded.ts';
import type { SinkLedger } from '../core/ledger.ts';
import type { AcceptedUpTo, Queue } from '../core/queue.ts';
import type { LaneAccount } from './account.ts';
import type { DeliveryPolicy } from './delivery/policy.ts';

/** One sink with all that is its own: queue, filter, books. Nothing of a lane is shared, so a slow or dead sink cannot touch another. */
export interface Lane {
  readonly sink: Sink;
  readonly queue: Queue<Encoded>;
  readonly ledger: SinkLedger;
  /** What its CHECKPOINTs say; absent where they would prove nothing: the lines of a sink for people cannot be checked. */
  readonly account?: LaneAccount;
  /** How the sink is written to; DEFAULT_POLICY where it is not given. */
  readonly policy?: DeliveryPolicy;
  /** What the queue still holds when the agent ends is there when it starts again: nothing of it counts as lost. */
  readonly durable?: boolean;
  /** All that waits is on the disk by now: nothing would be lost if the agent ended. Where the queue is durable, and its disk takes what it is given. */
  isSafe?(): boolean;
  /** Of the records of this run, where the queue says of records whose they are: all others were accepted by earlier runs. */
  readonly origin?: Origin;
  /** Before anything is put into the queue. */
  openQueue?(boot: AbortSignal): Promise<void>;
  /** Once it is open: the run before this one, where the queue still knows of it. */
  acceptedBefore?(): AcceptedUpTo | undefined;
  /** Where records go that the sink will never take; without it they are lost. */
  readonly deadLetters?: DeadLetters;
  /** Which of the pipeline's encoders this sink's format is. */
  readonly encoder: number;
  /** The sink's own filter of process events, by kind. */
  wants(kind: string): boolean;
  /** Puts a batch into the queue as its policy says; resolves whether it was taken. Drops are in the books when it settles. */
  enqueue(batch: Batch<Encoded>, signal: AbortSignal): Promise<boolean>;
}
