import { setImmediate as othersFirst } from 'node:timers/promises';
import { abortable } from '../../core/abortable.ts';
import type { Batch } from '../../core/batch.ts';
import type { Sink } from '../../core/component.ts';
import type { Encoded } from '../../core/encoded.ts';
import { AgentError, asAgentError, isWrittenAgain } from '../../core/errors.ts';
import type { RecordStream } from '../../core/event.ts';
import { Line } from '../../core/line.ts';
import { Consignment } from './consignment.ts';
import type { Load } from './consignment.ts';
import type { KafkaDriver } from './driver.ts';
import { KafkaFault } from './fault.ts';
import { PartitionLine } from './partition-line.ts';
import { agentErrorOf } from './reaction.ts';
import { Shipment } from './shipment.ts';
import type { ShipmentCounters } from './shipment.ts';
import { SizeLimits } from './size-limits.ts';
import type { Splitter } from './splitter.ts';
import { Trip } from './trip.ts';
import { all } from './waiting.ts';

export interface KafkaSinkDeps {
  readonly id: string;
  readonly loadDriver: () => Promise<KafkaDriver>;
  readonly splitter: Splitter;
  /** Process events and what the agent says of itself never go to the same topic: then neither waits for the other's. */
  readonly streamsApart?: boolean;
  /** Told whenever the counters may have grown, and at the end. */
  readonly onCounted?: (counters: Readonly<ShipmentCounters>, atOnce: boolean) => void;
  readonly onClose?: () => Promise<void>;
}

/** Batches on their way at once: enough to keep every partition of a busy topic at work. */
export const MAX_IN_FLIGHT = 8;

/**
 * Sends to Kafka so that what a write resolves for is on all replicas in sync, in each partition in the order of the first writes.
 *
 * A batch is split by partition once, when it is first written; when the same batch is written again what was acknowledged is not sent again, and the rest goes as
 * the very bytes that went before. Whatever fails keeps its place, and what was written later waits behind it, until it is done or will not be written again: that
 * is so when the signal of its last write is aborted, or when it was rejected with an error that no repetition helps against.
 */
export class KafkaSink implements Sink {
  readonly id: string;
  readonly maxInFlight = MAX_IN_FLIGHT;
  readonly counters: ShipmentCounters = { possibleDuplicates: 0, retimed: 0 };
  readonly #deps: KafkaSinkDeps;
  readonly #partitions = new Map<string, PartitionLine>();
  readonly #placing = { process: new Line<Load>(), agent: new Line<Load>() };
  readonly #limits = new SizeLimits();
  readonly #consignments = new WeakMap<Batch<Encoded>, Consignment>();
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
    await told(abortable(driver.open(boot), boot));
    if ((this.#state as string) === 'opening') this.#state = 'open';
  }

  /** Rejects with SINK_UNREACHABLE, SINK_REFUSED and RECORD_REJECTED; the last with the indexes of those that will never be taken, when all others have been. */
  async write(batch: Batch<Encoded>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#state !== 'open' || this.#driver === undefined) throw misuse('written to while it was not open');
    const consignment = this.#consignmentOf(batch);
    const trip = new Trip(signal);
    consignment.follow(signal, () => {
      this.#giveUp(batch, consignment);
      trip.stop(signal.reason);
    });
    try {
      await abortable(this.#deliver(consignment, this.#driver, trip), signal);
    } catch (error) {
      if (!isWrittenAgain(asAgentError(error))) this.#giveUp(batch, consignment);
      throw error;
    } finally {
      trip.end();
      this.#deps.onCounted?.(this.counters, false);
    }
    consignment.end();
    this.#consignments.delete(batch);
    const refused = consignment.shipments.filter((shipment) => shipment.refused.size > 0);
    if (refused.length > 0) throw rejection(batch, refused);
  }

  close(): Promise<void> {
    this.#state = 'closed';
    this.#closing ??= Promise.all([this.#driver?.close(), this.#deps.onClose?.()]).then(() => this.#deps.onCounted?.(this.counters, true));
    return this.#closing;
  }

  /** Where it is new, it gets its place in line here and now: behind those that were written before. */
  #consignmentOf(batch: Batch<Encoded>): Consignment {
    let consignment = this.#consignments.get(batch);
    if (consignment === undefined) {
      consignment = new Consignment(this.#loadsOf(batch.items));
      for (const load of consignment.loads) load.line.enter(load);
      this.#consignments.set(batch, consignment);
    }
    return consignment;
  }

  #loadsOf(events: readonly Encoded[]): readonly Load[] {
    const loadOf = (some: readonly Encoded[], stream: RecordStream): Load => ({
      events: some,
      line: this.#placing[stream],
      shipments: undefined,
    });
    if (this.#deps.streamsApart !== true || events.every(({ stream }) => stream === 'process')) return [loadOf(events, 'process')];
    const { process = [], agent = [] } = Object.groupBy(events, ({ stream }) => stream);
    return [loadOf(process, 'process'), loadOf(agent, 'agent')].filter((load) => load.events.length > 0);
  }

  #deliver(consignment: Consignment, driver: KafkaDriver, trip: Trip): Promise<void> {
    const noted = async <T>(work: Promise<T>): Promise<T> => {
      try {
        return await work;
      } catch (error) {
        trip.failed(error);
        throw error;
      }
    };
    return all(
      consignment.loads.map(async (load) => {
        const shipments = load.shipments ?? (await noted(this.#place(load, driver, trip)));
        const open = shipments.filter(({ isDone }) => !isDone);
        await all(open.map((shipment) => noted(this.#ship(shipment, { consignment, load, driver, trip }))));
      }),
    );
  }

  async #place(load: Load, driver: KafkaDriver, { signal, waiting }: Trip): Promise<readonly Shipment[]> {
    await load.line.reach(load, 0, waiting);
    const targets = await told(this.#deps.splitter.split(load.events, (topic) => driver.partitions(topic, signal)));
    signal.throwIfAborted();
    load.shipments = targets.map((target) => new Shipment(target, driver, this.counters));
    for (const shipment of load.shipments) this.#lineOf(shipment).enter(shipment);
    load.line.leave(load);
    return load.shipments;
  }

  #lineOf({ target: { topic, partition } }: Shipment): PartitionLine {
    const name = `${partition}/${topic}`;
    let line = this.#partitions.get(name);
    if (line === undefined) {
      line = new PartitionLine();
      this.#partitions.set(name, line);
    }
    return line;
  }

  /** The next in line is made ready while the one before it is on its way; no more than that, for what is ready takes memory of its own. */
  async #ship(shipment: Shipment, leg: Leg): Promise<void> {
    const { consignment, driver, trip } = leg;
    const line = this.#lineOf(shipment);
    const { topic } = shipment.target;
    await line.reach(shipment, 1, trip.waiting);
    if (!line.isFirst(shipment)) await othersFirst();
    shipment.prepare(this.#limits.of(topic), this.#limits.bytesEach(topic));
    this.#limits.sent(topic, shipment.bytesEach);
    await line.reach(shipment, 0, trip.waiting);
    try {
      await line.clear(() => told(driver.renew(shipment.target)));
      await shipment.send(this.#limits.of(topic));
    } catch (error) {
      if (!shipment.isAstray) throw error;
      await this.#reroute(shipment, leg);
    } finally {
      this.#limits.learn(topic, shipment.tooLargeBytes);
      if (consignment.isOver) this.#letGo(shipment);
      else if (shipment.isDone) line.leave(shipment);
    }
  }

  /** The topic was made anew with fewer partitions: what is left goes where its keys belong now. */
  async #reroute(shipment: Shipment, leg: Leg): Promise<void> {
    const { load, driver, trip } = leg;
    const events = shipment.left.map(({ event }) => event);
    const targets = await told(this.#deps.splitter.split(events, (topic) => driver.partitions(topic, trip.signal)));
    trip.signal.throwIfAborted();
    const others = targets.map((target) => new Shipment(target, driver, this.counters));
    shipment.dissolve();
    load.shipments = [...(load.shipments ?? []), ...others];
    for (const other of others) this.#lineOf(other).enter(other);
    await all(others.map((other) => this.#ship(other, leg)));
  }

  /** Nobody will come with it again, so that nothing waits for it any longer but for what is under way. */
  #giveUp(batch: Batch<Encoded>, consignment: Consignment): void {
    if (consignment.isOver) return;
    consignment.end();
    this.#consignments.delete(batch);
    for (const load of consignment.loads) load.line.leave(load);
    for (const shipment of consignment.shipments) if (!shipment.isSending) this.#letGo(shipment);
  }

  /** Its records may be written once more, in another batch: those of it that are there come twice then. */
  #letGo(shipment: Shipment): void {
    const line = this.#lineOf(shipment);
    this.counters.possibleDuplicates += shipment.perhapsThere;
    if (shipment.isUndecided) line.isUnsure = true;
    line.leave(shipment);
  }
}

interface Leg {
  readonly consignment: Consignment;
  /** That it belongs to. */
  readonly load: Load;
  readonly driver: KafkaDriver;
  readonly trip: Trip;
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

function rejection({ items }: Batch<Encoded>, refused: readonly Shipment[]): AgentError {
  const events = new Set(refused.flatMap((shipment) => [...shipment.refused.keys()].map(({ event }) => event)));
  const rejected = items.flatMap((item, index) => (events.has(item) ? [index] : []));
  const [first] = (refused[0] as Shipment).refused.values();
  const { message, cause, context } = first as AgentError;
  return new AgentError('RECORD_REJECTED', message, { cause, context: { ...context, rejected, landed: items.length - rejected.length } });
}
