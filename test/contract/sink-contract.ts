import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Batch } from '../../src/core/batch.ts';
import type { Sink } from '../../src/core/component.ts';
import type { Encoded } from '../../src/core/encoded.ts';
import { AgentError } from '../../src/core/errors.ts';
import type { RecordStream } from '../../src/core/event.ts';
import { batchOf } from './records.ts';

/** A sink with what is at its other end. */
export interface SinkFixture {
  /** Not opened yet. Waits for company, where it does, a few milliseconds only. */
  readonly sink: Sink;
  readonly record: (sequence: number, stream?: RecordStream) => Encoded;
  /** Sequences that arrived, each as often as it did. Called after close. */
  readonly received: () => Promise<number[]>;
  readonly dispose: () => Promise<void>;
}

/** A sink whose other end can be made to fail. */
export interface FallibleFixture extends SinkFixture {
  /** Makes writes fail now and then, as `chance` (0 to 1) says. */
  readonly setFaults: (chance: number, seed: number) => void;
}

const never = new AbortController().signal;

/** The law of `Sink`, for every implementation of it. */
export function sinkContract(name: string, make: () => Promise<SinkFixture>): void {
  describe(`${name} keeps the law of sinks`, () => {
    let fixture: SinkFixture;
    let sink: Sink;
    const of = (...sequences: number[]): Batch<Encoded> => batchOf(...sequences.map((sequence) => fixture.record(sequence)));

    beforeEach(async () => {
      fixture = await make();
      sink = fixture.sink;
    });
    afterEach(async () => {
      await sink.close();
      await fixture.dispose();
    });

    it('closes before it was opened, and more than once', async () => {
      await sink.close();
      await sink.close();
    });

    it('closes more than once after it was opened, at the same time too', async () => {
      await sink.open(never);
      await Promise.all([sink.close(), sink.close()]);
      await sink.close();
    });

    it('gives up opening when the boot is aborted, and closes after that', async () => {
      await expect(sink.open(AbortSignal.abort(new Error('no boot')))).rejects.toThrow('no boot');
      await sink.close();
    });

    it('closes while it opens', async () => {
      const opening = sink.open(never).catch(() => undefined);
      await sink.close();
      await opening;
      await expect(sink.write(of(1), never)).rejects.toBeInstanceOf(AgentError);
    });

    it('refuses writes before it is open and after it is closed', async () => {
      await expect(sink.write(of(1), never)).rejects.toBeInstanceOf(AgentError);
      await sink.open(never);
      await sink.close();
      await expect(sink.write(of(2), never)).rejects.toBeInstanceOf(AgentError);
      expect(await fixture.received()).toEqual([]);
    });

    it('delivers what it took, in order', async () => {
      await sink.open(never);
      await sink.write(of(1, 2), never);
      await sink.write(of(3), never);
      await sink.close();
      expect(await fixture.received()).toEqual([1, 2, 3]);
    });

    it('takes batches of both streams', async () => {
      await sink.open(never);
      await sink.write(batchOf(fixture.record(1), fixture.record(2, 'agent'), fixture.record(3)), never);
      await sink.write(batchOf(fixture.record(4, 'agent')), never);
      await sink.close();
      expect(sorted(await fixture.received())).toEqual([1, 2, 3, 4]);
    });

    it('takes an empty batch', async () => {
      await sink.open(never);
      await sink.write(batchOf(), never);
      await sink.close();
      expect(await fixture.received()).toEqual([]);
    });

    it('runs as many writes at once as it says', async () => {
      await sink.open(never);
      const sequences = Array.from({ length: sink.maxInFlight }, (_, index) => index + 1);
      await Promise.all(sequences.map((sequence) => sink.write(of(sequence), never)));
      await sink.close();
      expect(sorted(await fixture.received())).toEqual(sequences);
    });

    it('writes nothing under a signal that is aborted already', async () => {
      await sink.open(never);
      await expect(sink.write(of(1), AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
      await sink.close();
      expect(await fixture.received()).toEqual([]);
    });

    it('settles an aborted write, and goes on', async () => {
      await sink.open(never);
      const stop = new AbortController();
      const aborted = sink.write(of(1), stop.signal).then(
        () => 'delivered',
        (reason: unknown) => reason,
      );
      const reason = new Error('stop now');
      stop.abort(reason);
      const outcome = await aborted;
      await sink.write(of(2), never);
      await sink.close();
      const received = await fixture.received();
      expect(received.filter((sequence) => sequence === 2)).toEqual([2]);
      if (outcome === 'delivered') expect(received).toContain(1);
      else expect(outcome).toBe(reason);
    });

    it('settles every write that runs when it closes, as it happened', async () => {
      await sink.open(never);
      const sequences = Array.from({ length: Math.min(5, sink.maxInFlight) }, (_, index) => index + 1);
      const writes = sequences.map((sequence) => sink.write(of(sequence), never));
      const [results] = await Promise.all([Promise.allSettled(writes), sink.close()]);
      const received = await fixture.received();
      for (const [index, result] of results.entries()) if (result.status === 'fulfilled') expect(received).toContain(index + 1);
    });

    it('leaves no timer behind', async () => {
      const timeouts = vi.spyOn(globalThis, 'setTimeout');
      const intervals = vi.spyOn(globalThis, 'setInterval');
      await sink.open(never);
      await sink.write(of(1), never);
      const last = sink.write(of(2), never);
      await sink.close();
      await last;
      const timers = [...timeouts.mock.results, ...intervals.mock.results].map((result) => result.value as { _destroyed: boolean });
      expect(timers.filter((timer) => !timer._destroyed)).toEqual([]);
    });
  });
}

/** Besides the law: a retry repeats nothing, so that failures cost time only. For sinks that promise it. */
export function retryContract(name: string, make: () => Promise<FallibleFixture>): void {
  describe(`${name} can be retried`, () => {
    const rounds = fc.record({
      seed: fc.integer({ min: 1, max: 2 ** 31 - 2 }),
      chance: fc.double({ min: 0, max: 0.6, noNaN: true }),
      sizes: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 25 }),
    });

    it('neither loses nor repeats anything when writes fail at random and are tried again', async () => {
      await fc.assert(
        fc.asyncProperty(rounds, (round) => survives(make, round)),
        { numRuns: 40, endOnFailure: true },
      );
    });

    it('says of a batch that is given up how many of its records it holds nevertheless', async () => {
      await fc.assert(
        fc.asyncProperty(rounds, (round) => owns(make, round)),
        { numRuns: 40, endOnFailure: true },
      );
    });
  });
}

interface Round {
  readonly seed: number;
  readonly chance: number;
  readonly sizes: readonly number[];
}

async function survives(make: () => Promise<FallibleFixture>, { seed, chance, sizes }: Round): Promise<void> {
  const { sink, record, received, dispose, setFaults } = await make();
  try {
    await sink.open(never);
    setFaults(chance, seed);
    await Promise.all(mixedBatches(sizes, record).map((items) => retried(sink, items)));
    setFaults(0, seed);
    await sink.close();
    expect(sorted(await received())).toEqual(Array.from({ length: sizes.reduce((sum, size) => sum + size, 0) }, (_, index) => index + 1));
  } finally {
    await sink.close();
    await dispose();
  }
}

/** Batches of these sizes, numbered on; one record in seven is of the other stream. */
function mixedBatches(sizes: readonly number[], record: FallibleFixture['record']): Batch<Encoded>[] {
  let last = 0;
  return sizes.map((size) => {
    const items = Array.from({ length: size }, (_, index) => record(last + index + 1, (last + index) % 7 === 0 ? 'agent' : 'process'));
    last += size;
    return batchOf(...items);
  });
}

async function owns(make: () => Promise<FallibleFixture>, { seed, chance, sizes }: Round): Promise<void> {
  const { sink, record, received, dispose, setFaults } = await make();
  try {
    await sink.open(never);
    setFaults(chance, seed);
    const writes = mixedBatches(sizes, record).map((batch) => {
      return sink.write(batch, never).then(
        () => batch.items.length,
        (error: unknown) => Number((error as AgentError).context['landed'] ?? 0),
      );
    });
    const held = (await Promise.all(writes)).reduce((sum, count) => sum + count, 0);
    setFaults(0, seed);
    await sink.close();
    expect(await received()).toHaveLength(held);
  } finally {
    await sink.close();
    await dispose();
  }
}

async function retried(sink: Sink, items: Batch<Encoded>): Promise<void> {
  for (;;) {
    try {
      await sink.write(items, never);
      return;
    } catch (error) {
      expect(error).toBeInstanceOf(AgentError);
    }
  }
}

function sorted(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b);
}
