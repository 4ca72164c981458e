import type { Batch } from '../../core/batch.ts';
import type { Sink } from '../../core/component.ts';
import type { Encoded } from '../../core/encoded.ts';
import { AgentError } from '../../core/errors.ts';
import type { KafkaDriver } from './driver.ts';
import { KafkaFault } from './fault.ts';
import { PartitionQueue } from './partition-queue.ts';
import { agentErrorOf } from './reaction.ts';
import { Shipment } from './shipment.ts';
import type { ShipmentCounters } from './shipment.ts';
import { SizeLimits } from './size-limits.ts';
import type { Splitter } from './splitter.ts';

export interface KafkaSinkDeps {
  readonly id: string;
  readonly loadDriver: () => Promise<KafkaDriver>;
  readonly splitter: Splitter;
  readonly onClose?: () => Promise<void>;
}

/** Batches on their way at once: enough to keep every partition of a busy topic at work. */
export const MAX_IN_FLIGHT = 8;

/**
 * Sends to Kafka so that what a write resolves for is on all replicas in sync.
 *
 * A batch is split by partition once, when it is first written; when the same batch is written again what was acknowledged is not sent again, and the rest goes as
 * the very bytes that went before. One shipment at a time goes to a partition, and the next not before it is known what became of that one.
 */
export class KafkaSink implements Sink {
  readonly id: string;
  readonly maxInFlight = MAX_IN_FLIGHT;
  readonly counters: ShipmentCounters = { possibleDuplicates: 0, retimed: 0 };
  readonly #deps: KafkaSinkDeps;
  readonly #queues = new Map<string, PartitionQueue>();
  readonly #limits = new SizeLimits();
  readonly #shipments = new WeakMap<Batch<Encoded>, readonly Shipment[]>();
  #state: 'new' | 'opening' | 'open' | 'closed' = 'new';
  #driver: KafkaDriver | undefined;
  #closing: Promise<void> | undefined;

  constructor(deps: KafkaSinkDeps) {
    this.id = deps.id;
    this.#deps = deps;
  }

  /** Throws SINK_UNREACHABLE and SINK_REFUSED. */
  async open(boot: AbortSignal): Promise<void> {
    if (this.#state !== 'new') throw misuse('opened twice, or after it was closed');
    this.#state = 'opening';
    boot.throwIfAborted();
    const driver = await this.#deps.loadDriver();
    this.#driver = driver;
    // It may have been closed meanwhile.
    if ((this.#state as string) !== 'opening') return driver.close();
    await told(aborting(driver.open(boot), boot));
    if ((this.#state as string) === 'opening') this.#state = 'open';
  }

  /** Rejects with SINK_UNREACHABLE, SINK_REFUSED and RECORD_REJECTED; the last with the indexes of those that will never be taken, when all others have been. */
  async write(batch: Batch<Encoded>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#state !== 'open' || this.#driver === undefined) throw misuse('written to while it was not open');
    const shipments = await this.#shipmentsOf(batch, this.#driver, signal);
    const outcomes = await Promise.allSettled(shipments.filter(({ isDone }) => !isDone).map((shipment) => this.#ship(shipment, signal)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    const refused = shipments.filter((shipment) => shipment.refused.size > 0);
    if (refused.length > 0) throw rejection(batch, refused);
  }

  close(): Promise<void> {
    this.#state = 'closed';
    this.#closing ??= Promise.all([this.#driver?.close(), this.#deps.onClose?.()]).then(() => undefined);
    return this.#closing;
  }

  async #shipmentsOf(batch: Batch<Encoded>, driver: KafkaDriver, signal: AbortSignal): Promise<readonly Shipment[]> {
    const known = this.#shipments.get(batch);
    if (known !== undefined) return known;
    const targets = await told(
      aborting(
        this.#deps.splitter.split(batch.items, (topic) => driver.partitions(topic, signal)),
        signal,
      ),
    );
    const shipments = targets.map((target) => new Shipment(target, driver, this.counters));
    this.#shipments.set(batch, shipments);
    return shipments;
  }

  #ship(shipment: Shipment, signal: AbortSignal): Promise<void> {
    const { topic, partition } = shipment.target;
    const name = `${partition}/${topic}`;
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = new PartitionQueue();
      this.#queues.set(name, queue);
    }
    const send = async (): Promise<void> => {
      try {
        await shipment.send(this.#limits.of(topic));
      } finally {
        this.#limits.learn(topic, shipment.tooLargeBytes);
      }
    };
    return aborting(queue.turn(shipment, send, signal), signal);
  }
}

function misuse(what: string): AgentError {
  return new AgentError('BUG', `a Kafka sink was ${what}`);
}

/** Faults of the driver as the delivery policy knows them. */
async function told<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw error instanceof KafkaFault ? agentErrorOf(error) : error;
  }
}

/** Ends when the signal is aborted, although what it waits for goes on. */
async function aborting<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) throw signal.reason;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function rejection({ items }: Batch<Encoded>, refused: readonly Shipment[]): AgentError {
  const events = new Set(refused.flatMap((shipment) => [...shipment.refused.keys()].map(({ event }) => event)));
  const rejected = items.flatMap((item, index) => (events.has(item) ? [index] : []));
  const [first] = (refused[0] as Shipment).refused.values();
  const { message, cause, context } = first as AgentError;
  return new AgentError('RECORD_REJECTED', message, { cause, context: { ...context, rejected, landed: items.length - rejected.length } });
}
