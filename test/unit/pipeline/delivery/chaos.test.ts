import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Batch } from '../../../../src/core/batch.ts';
import type { Encoded } from '../../../../src/core/encoded.ts';
import { AgentError } from '../../../../src/core/errors.ts';
import { imbalances, openLedger } from '../../../../src/core/ledger.ts';
import type { SinkLedger } from '../../../../src/core/ledger.ts';
import { DeliveryStage } from '../../../../src/pipeline/delivery.ts';
import type { Lane } from '../../../../src/pipeline/lane.ts';
import { MemoryQueue } from '../../../../src/queue/memory/memory-queue.ts';
import { Chances, fixedChance } from '../../../../src/sink/chaos/chances.ts';
import { ChaosSink } from '../../../../src/sink/chaos/chaos-sink.ts';
import { batch, sequences } from '../../../contract/records.ts';
import { FakeTime, throughTime } from './fake-time.ts';

const never = new AbortController().signal;
const upTo = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: max * 100 }).map((percent) => percent / 100);

const scenario = fc.record({
  chaos: fc.record({
    seed: fc.integer({ min: 1, max: 2 ** 31 - 2 }),
    transient: upTo(0.7),
    hold: upTo(0.3),
    partial: upTo(0.5),
    permanent: fc.oneof(fc.constant(0), upTo(0.1), upTo(1)),
    slow: upTo(1),
    delayMs: fc.integer({ min: 0, max: 5000 }),
  }),
  batch: fc.option(
    fc.record({
      maxEvents: fc.integer({ min: 1, max: 40 }),
      maxBytes: fc.integer({ min: 1, max: 1000 }),
      lingerMs: fc.integer({ min: 0, max: 50 }),
    }),
  ),
  arrivals: fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 500 }), size: fc.integer({ min: 0, max: 30 }) }), {
    minLength: 1,
    maxLength: 15,
  }),
  /** Chance that keeping dead letters fails. */
  diskTrouble: upTo(0.5),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

/** One sink in trouble: what it acknowledged and what was put aside, with the books checked at every step. */
class Trial {
  readonly time = new FakeTime();
  readonly queue = new MemoryQueue<Encoded>({ maxEvents: 1e6, maxBytes: 1e9 });
  readonly ledger: SinkLedger = openLedger('siem');
  readonly acknowledged: number[] = [];
  readonly arrived: number[] = [];
  readonly dead: number[] = [];
  readonly #of: Scenario;
  readonly #disk: Chances;
  #sink: ChaosSink;
  #last = 0;
  #hard = never;

  constructor(of: Scenario) {
    this.#of = of;
    this.#disk = new Chances(of.chaos.seed);
    this.#sink = this.#newSink(of.chaos);
    let atMs = 0;
    for (const { afterMs, size } of of.arrivals) this.time.after((atMs += afterMs), () => this.#arrive(size));
    this.time.after(atMs, () => this.queue.end());
  }

  get total(): number {
    return this.#of.arrivals.reduce((sum, { size }) => sum + size, 0);
  }

  isBad(sequence: number): boolean {
    return fixedChance(this.#of.chaos.seed, sequence) < this.#of.chaos.permanent;
  }

  /** What was to come has come, the trouble is over, and new books begin with what the queue holds. */
  restart(): void {
    while (this.time.step());
    this.#sink = this.#newSink({ ...this.#of.chaos, transient: 0, hold: 0, partial: 0, slow: 0 });
    const { events } = this.queue.depth;
    Object.assign(this.ledger, { sequenced: events, accepted: events, waiting: events, delivered: 0, deadLettered: 0 });
  }

  async run(hard: AbortSignal, durable = false): Promise<void> {
    this.#hard = hard;
    const write = (items: Batch<Encoded>, signal: AbortSignal): Promise<void> => this.#write(items, signal);
    const policy = { batch: this.#of.batch, retry: { initialMs: 100, maxMs: 30_000 }, holdMs: 60_000 };
    const lane: Lane = {
      sink: { id: 'siem', maxInFlight: this.#sink.maxInFlight, open: async () => undefined, close: async () => undefined, write },
      queue: this.queue,
      ledger: this.ledger,
      policy,
      durable,
      deadLetters: { add: (records) => this.#keep(records), close: async () => undefined },
      encoder: 0,
      wants: () => true,
      enqueue: async () => true,
    };
    const events = { down: () => undefined, up: () => undefined, lost: () => undefined };
    await this.#sink.open(never);
    await throughTime(this.time, new DeliveryStage(lane, events, { time: this.time, random: Math.random }).run(hard));
    this.#check();
  }

  #newSink(chaos: Scenario['chaos']): ChaosSink {
    return new ChaosSink(chaos, {
      id: 'siem',
      after: (ms, due) => this.time.after(ms, due),
      onArrival: (records) => void this.arrived.push(...records.map((record) => record.sequence)),
    });
  }

  #arrive(size: number): void {
    this.queue.offer(batch(this.#last + 1, this.#last + size));
    this.#last += size;
    this.ledger.sequenced += size;
    this.ledger.accepted += size;
    this.ledger.waiting += size;
  }

  async #write(items: Batch<Encoded>, signal: AbortSignal): Promise<void> {
    this.#check();
    try {
      await this.#sink.write(items, signal);
      this.acknowledged.push(...sequences(items));
    } catch (error) {
      const { rejected, landed } = error instanceof AgentError ? error.context : {};
      if (Array.isArray(rejected) && typeof landed === 'number')
        this.acknowledged.push(...sequences(items).filter((_, index) => !rejected.includes(index)));
      throw error;
    }
  }

  async #keep(records: readonly Encoded[]): Promise<void> {
    this.#check();
    if (this.#disk.happens(this.#of.diskTrouble)) throw new AgentError('FILE_IO', 'ENOSPC');
    this.dead.push(...records.map((record) => record.sequence));
  }

  /** What is settled was acknowledged or kept before, and the books know where the rest is. */
  #check(): void {
    const { delivered, deadLettered, waiting } = this.ledger;
    expect(imbalances(this.ledger)).toEqual([]);
    expect(waiting).toBeGreaterThanOrEqual(0);
    // Cut off, it counts what is known to have arrived although nobody acknowledged it.
    expect(delivered).toBeLessThanOrEqual((this.#hard.aborted ? this.arrived : this.acknowledged).length);
    expect(deadLettered).toBeLessThanOrEqual(this.dead.length);
  }
}

const all = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
const sorted = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b);

test('whatever a sink does, each record is acknowledged or put aside, once, and only the bad ones are put aside', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (of) => {
      const trial = new Trial(of);
      await trial.run(never);
      expect(sorted([...trial.acknowledged, ...trial.dead])).toEqual(all(trial.total));
      expect(sorted(trial.dead)).toEqual(all(trial.total).filter((sequence) => trial.isBad(sequence)));
      expect(trial.ledger).toMatchObject({ delivered: trial.acknowledged.length, deadLettered: trial.dead.length, lost: {}, waiting: 0 });
      expect(trial.queue.depth).toEqual({ events: 0, bytes: 0 });
      expect(trial.arrived).toEqual(expect.arrayContaining(trial.acknowledged));
    }),
    { numRuns: 200 },
  );
}, 60_000);

test('a durable queue cut off at any moment loses nothing: what has no outcome comes again', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, fc.integer({ min: 0, max: 20_000 }), async (of, cutMs) => {
      const trial = new Trial(of);
      const hard = new AbortController();
      trial.time.after(cutMs, () => hard.abort(new Error('stop now')));
      await trial.run(hard.signal, true);
      expect(trial.ledger.lost).toEqual({});
      expect(trial.ledger.waiting).toBe(trial.ledger.accepted - trial.ledger.delivered - trial.ledger.deadLettered);
      trial.restart();
      await trial.run(never, true);
      expect(sorted([...new Set([...trial.acknowledged, ...trial.dead])])).toEqual(all(trial.total));
      expect(trial.ledger).toMatchObject({ lost: {}, waiting: 0 });
    }),
    { numRuns: 200 },
  );
}, 60_000);

test('a queue in memory cut off at any moment says exactly what is lost', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, fc.integer({ min: 0, max: 20_000 }), async (of, cutMs) => {
      const trial = new Trial(of);
      const hard = new AbortController();
      trial.time.after(cutMs, () => hard.abort(new Error('stop now')));
      await trial.run(hard.signal);
      const { delivered, deadLettered, lost, waiting, accepted } = trial.ledger;
      expect(delivered + deadLettered + (lost['shutdown'] ?? 0) + waiting).toBe(accepted);
      expect(trial.queue.depth.events).toBe(waiting);
      expect(Object.keys(lost).filter((reason) => reason !== 'shutdown')).toEqual([]);
    }),
    { numRuns: 200 },
  );
}, 60_000);
