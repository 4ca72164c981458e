import { describe, expect, test } from 'vitest';
import type { Batch } from '../../../../src/core/batch.ts';
import type { DeadLetters } from '../../../../src/core/dead-letters.ts';
import type { Encoded } from '../../../../src/core/encoded.ts';
import { AgentError } from '../../../../src/core/errors.ts';
import { imbalances, openLedger } from '../../../../src/core/ledger.ts';
import type { SinkLedger } from '../../../../src/core/ledger.ts';
import { LaneAccount } from '../../../../src/pipeline/account.ts';
import { DeliveryStage } from '../../../../src/pipeline/delivery.ts';
import type { Lane } from '../../../../src/pipeline/lane.ts';
import { MemoryQueue } from '../../../../src/queue/memory/memory-queue.ts';
import { batch, batchOf, sequences } from '../../../contract/records.ts';
import { FakeTime, throughTime } from './fake-time.ts';

const never = new AbortController().signal;

interface Outcome {
  readonly ledger: SinkLedger;
  /** Sequences of every write. */
  readonly writes: number[][];
  /** Of those that resolved. */
  readonly taken: number[];
  readonly dead: number[];
  readonly reports: [what: string, code: string, events: number][];
  readonly queue: MemoryQueue<Encoded>;
}

type Write = (batch: Batch<Encoded>) => AgentError | undefined;

interface Options {
  /** What waits in the queue; records 1 to `size` where it is not given. */
  readonly queued?: Batch<Encoded>;
  /** How many of them this run accepted; all of them where it is not given. */
  readonly accepted?: number;
  readonly lane?: Partial<Lane>;
  readonly hard?: AbortSignal;
  /** Errors of the first `add`s. */
  readonly failures?: AgentError[];
}

/** One delivery of records 1 to `size` through a sink whose writes end as `write` says. */
async function deliver(
  size: number,
  write: Write,
  { queued = batch(1, size), accepted = size, lane = {}, hard = never, failures = [] }: Options = {},
): Promise<Outcome> {
  const queue = new MemoryQueue<Encoded>({ maxEvents: 1e6, maxBytes: 1e9 });
  const ledger = { ...openLedger('siem'), sequenced: accepted, accepted, waiting: accepted };
  queue.offer(queued);
  queue.end();
  const outcome: Outcome = { ledger, writes: [], taken: [], dead: [], reports: [], queue };
  const sink = {
    id: 'siem',
    maxInFlight: 1,
    open: async () => undefined,
    close: async () => undefined,
    write: async (items: Batch<Encoded>) => {
      outcome.writes.push(sequences(items));
      const error = write(items);
      if (error !== undefined) throw error;
      outcome.taken.push(...sequences(items));
    },
  };
  const deadLetters: DeadLetters = {
    add: async (records) => {
      const error = failures.shift();
      if (error !== undefined) throw error;
      outcome.dead.push(...records.map((record) => record.sequence));
    },
    close: async () => undefined,
  };
  const note =
    (what: string) =>
    (_sink: string, error: AgentError, events: number): void =>
      void outcome.reports.push([what, error.code, events]);
  const events = { down: () => undefined, up: () => undefined, lost: note('lost'), deadLettered: note('dead') };
  const time = new FakeTime();
  const parts: Lane = { sink, queue, ledger, deadLetters, encoder: 0, wants: () => true, enqueue: async () => true, ...lane };
  await throughTime(time, new DeliveryStage(parts, events, { time, random: () => 0.5 }).run(hard));
  expect(imbalances(ledger)).toEqual([]);
  expect(ledger.waiting).toBe(queue.depth.events === 0 ? 0 : size - outcome.taken.length);
  return outcome;
}

const rejection = (context: Record<string, unknown> = {}): AgentError => new AgentError('RECORD_REJECTED', 'bad record', { context });

/** Refuses every batch with one of these in it. */
function poisonedBy(...bad: number[]): Write {
  return ({ items }) => (items.some((item) => bad.includes(item.sequence)) ? rejection() : undefined);
}

const all = (size: number): number[] => sequences(batch(1, size));

describe('a sink that does not say which record is bad', () => {
  test('one bad record is found by halves, and every neighbour is delivered, in order', async () => {
    const { ledger, writes, taken, dead } = await deliver(1000, poisonedBy(617));
    expect(dead).toEqual([617]);
    expect(taken).toEqual(all(1000).filter((sequence) => sequence !== 617));
    expect(writes.length).toBeLessThanOrEqual(2 * 10 + 1);
    expect(ledger).toMatchObject({ delivered: 999, deadLettered: 1, lost: {}, waiting: 0 });
  });

  test.each([[[1]], [[64]], [[1, 64]], [[31, 32, 33]], [all(64)]])('%j are bad: these and no others are put aside', async (bad) => {
    const { taken, dead } = await deliver(64, poisonedBy(...bad));
    expect(dead).toEqual(bad);
    expect(taken).toEqual(all(64).filter((sequence) => !bad.includes(sequence)));
  });

  test('a failure meanwhile that may pass is none of the records', async () => {
    let writes = 0;
    const poisoned = poisonedBy(3);
    const { taken, dead } = await deliver(8, (items) => {
      writes += 1;
      return writes % 3 === 0 ? new AgentError('SINK_UNREACHABLE', 'busy') : poisoned(items);
    });
    expect([taken, dead]).toEqual([[1, 2, 4, 5, 6, 7, 8], [3]]);
  });

  test('a driver that trips over a record loses no other', async () => {
    const { taken, dead } = await deliver(8, ({ items }) => {
      if (items.some((item) => item.sequence === 5)) throw new TypeError('undefined is not a function');
      return undefined;
    });
    expect([taken, dead]).toEqual([[1, 2, 3, 4, 6, 7, 8], [5]]);
  });
});

describe('a sink that says which records are bad', () => {
  const bad = (...indexes: unknown[]): Write => {
    let first = true;
    return () => {
      const error = first ? rejection({ rejected: indexes }) : undefined;
      first = false;
      return error;
    };
  };

  test('the rest is sent again at once', async () => {
    const { writes, taken, dead } = await deliver(6, bad(0, 4));
    expect(writes).toEqual([all(6), [2, 3, 4, 6]]);
    expect([taken, dead]).toEqual([
      [2, 3, 4, 6],
      [1, 5],
    ]);
  });

  test('the rest is not sent again where it has landed', async () => {
    const { ledger, writes, dead } = await deliver(6, () => rejection({ rejected: [2], landed: 5 }));
    expect([writes.length, dead]).toEqual([1, [3]]);
    expect(ledger).toMatchObject({ delivered: 5, deadLettered: 1 });
  });

  test('the account says which, and nothing of those in between: they are there', async () => {
    const account = new LaneAccount({ agentId: Buffer.alloc(16, 1), sinkId: Buffer.alloc(16, 2) });
    account.accepted(batch(1, 6).items);
    await deliver(6, bad(0, 1, 4), { lane: { account } });
    const { amendments } = account.statement;
    expect(amendments.map(({ from, to, count, fate }) => [from, to, count, fate])).toEqual([
      [1, 2, 2, 'dead_lettered'],
      [5, 5, 1, 'dead_lettered'],
    ]);
    expect(amendments.every(({ digest }) => digest !== null)).toBe(true);
  });

  test('what has landed of the others says nothing about them where there is no place for dead letters', async () => {
    const write: Write = () => rejection({ rejected: [2], landed: 5 });
    const { ledger } = await deliver(6, write, { lane: { deadLetters: undefined } as unknown as Partial<Lane> });
    expect(ledger).toMatchObject({ delivered: 5, lost: { rejected: 1 } });
  });

  test('all of them may be', async () => {
    const { ledger, writes } = await deliver(3, () => rejection({ rejected: [0, 1, 2] }));
    expect([writes.length, ledger.deadLettered]).toEqual([1, 3]);
  });

  test.each([[[6]], [[-1]], [[1.5]], [['2']], [[]]])('what makes no sense (%j) is not believed', async (indexes) => {
    const { taken, dead } = await deliver(6, bad(...indexes));
    expect([taken, dead]).toEqual([all(6), []]);
  });
});

describe('what a run of another format left in the queue', () => {
  const own = { agentId: Buffer.alloc(16, 1), format: 'avro process=2 agent=2' };
  const others = { agentId: Buffer.alloc(16, 2), format: 'json' };
  const queued = batchOf(
    ...batch(1, 6).items.map((item) => ({ ...item, origin: item.sequence === 2 || item.sequence === 5 ? others : own })),
  );

  test('is put aside and not written among the records of today', async () => {
    const { writes, dead } = await deliver(6, () => undefined, { queued, accepted: 4, lane: { origin: own } });
    expect([writes, dead]).toEqual([[[1, 3, 4, 6]], [2, 5]]);
  });

  test('may be all there is', async () => {
    const { writes, dead } = await deliver(6, () => undefined, { queued, accepted: 0, lane: { origin: { ...own, format: 'line' } } });
    expect([writes, dead]).toEqual([[], all(6)]);
  });
});

describe('what becomes of the bad ones', () => {
  test('dead letters that cannot be written are tried again: nothing is lost for a full disk', async () => {
    const failures = [new AgentError('FILE_IO', 'ENOSPC'), new AgentError('DATA_DIR_UNSAFE', 'owned by somebody else')];
    const { dead, ledger } = await deliver(4, poisonedBy(2), { failures });
    expect(dead).toEqual([2]);
    expect(ledger.lost).toEqual({});
  });

  test('without a place for dead letters they are lost, and counted as that', async () => {
    const { ledger, reports } = await deliver(4, poisonedBy(2), { lane: { deadLetters: undefined } as unknown as Partial<Lane> });
    expect(ledger).toMatchObject({ delivered: 3, deadLettered: 0, lost: { rejected: 1 } });
    expect(reports).toEqual([['lost', 'RECORD_REJECTED', 1]]);
  });

  test('they are reported at once and then in one sum, although others are delivered in between', async () => {
    const { reports } = await deliver(64, poisonedBy(5, 20, 40, 60));
    expect(reports).toEqual([
      ['dead', 'RECORD_REJECTED', 1],
      ['dead', 'RECORD_REJECTED', 3],
    ]);
  });

  test('a reader that has left is no reason to keep anything', async () => {
    const { dead, ledger } = await deliver(4, () => new AgentError('OUTPUT_GONE', 'no reader', { context: { landed: 1 } }));
    expect(dead).toEqual([]);
    expect(ledger).toMatchObject({ delivered: 1, lost: { rejected: 3 } });
  });
});

describe('the end of the agent', () => {
  test('what a durable queue gave goes back to it whole when any of it has no outcome', async () => {
    const hard = new AbortController();
    const write: Write = ({ items }) => {
      if (items.length > 4) return rejection();
      if (items[0]?.sequence === 1) return undefined;
      hard.abort();
      return new AgentError('SINK_UNREACHABLE', 'aborted');
    };
    const { taken, ledger, queue } = await deliver(8, write, { lane: { durable: true }, hard: hard.signal });
    expect(taken).toEqual([1, 2, 3, 4]);
    expect(ledger).toMatchObject({ delivered: 4, lost: {}, waiting: 4 });
    expect(sequences((await queue.pull(never))?.batch)).toEqual(all(8));
  });

  test('what was in memory only is lost to it', async () => {
    const hard = new AbortController();
    const write: Write = () => {
      hard.abort();
      return new AgentError('SINK_UNREACHABLE', 'aborted', { context: { landed: 3 } });
    };
    const { ledger } = await deliver(8, write, { hard: hard.signal });
    expect(ledger).toMatchObject({ delivered: 3, lost: { shutdown: 5 }, waiting: 0 });
  });
});
