import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Batch } from '../../../src/core/batch.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import { AgentError } from '../../../src/core/errors.ts';
import { imbalances } from '../../../src/core/ledger.ts';
import { DEFAULT_POLICY } from '../../../src/pipeline/delivery/policy.ts';
import { DeliveryStage } from '../../../src/pipeline/delivery.ts';
import type { Lane } from '../../../src/pipeline/lane.ts';
import { batch } from '../../contract/records.ts';
import { FakeTime, throughTime } from './delivery/fake-time.ts';
import { hanging } from './changing.ts';
import { build, heard, lane, never, recorder } from './fixtures.ts';
import type { FakeSink } from './fixtures.ts';

const failing = (code: 'SINK_REFUSED' | 'SINK_UNREACHABLE'): FakeSink => ({
  written: [],
  write: () => Promise.reject(new AgentError(code, 'not now')),
});

/** A lane whose queue keeps what it has. */
const kept = (sink: FakeSink, isSafe = true): Lane => ({ ...lane('kept', sink, []), durable: true, isSafe: () => isSafe });

/** The agent ends with 20 events in the queue; the deadline is `deadlineMs` away. When the delivery ended, and what is left. */
async function end(
  sink: FakeSink,
  { isSafe = true, deadlineMs = 60_000, retryMs = 100 } = {},
): Promise<{ afterMs: number; waiting: number }> {
  const time = new FakeTime();
  const { queue, ...rest } = kept(sink, isSafe);
  const policy = { ...DEFAULT_POLICY, batch: { maxEvents: 1, maxBytes: 1e6, lingerMs: 0 }, retry: { initialMs: retryMs, maxMs: 30_000 } };
  const stage = new DeliveryStage(
    { ...rest, queue, policy },
    { down: () => undefined, up: () => undefined, lost: () => undefined },
    { time, random: () => 0.5 },
  );
  queue.offer(batch(1, 20));
  Object.assign(rest.ledger, { sequenced: 20, accepted: 20, waiting: 20 });
  const hard = new AbortController();
  time.after(deadlineMs, () => hard.abort(new AgentError('SHUTDOWN_INCOMPLETE', 'late')));
  queue.end();
  const running = stage.run(hard.signal);
  stage.leaveWhenStuck();
  await throughTime(time, running);
  expect(imbalances(rest.ledger)).toEqual([]);
  expect(rest.ledger.lost).toEqual({});
  return { afterMs: time.ms, waiting: rest.ledger.waiting };
}

test.each(['SINK_REFUSED', 'SINK_UNREACHABLE'] as const)(
  'the end does not wait for a sink that fails with %s: the queue keeps it',
  async (code) => {
    const { afterMs, waiting } = await end(failing(code));
    expect(afterMs).toBeLessThan(5000);
    expect(waiting).toBe(20);
  },
);

test('a sink that fails now and then, but gets on, may use the whole deadline', async () => {
  const tried = new Set<number>();
  const flapping: FakeSink = {
    written: [],
    write: async ({ items }: Batch<Encoded>) => {
      const [sequence = 0] = items.map((item) => item.sequence);
      if (tried.size < tried.add(sequence).size) throw new AgentError('SINK_UNREACHABLE', 'not now');
      flapping.written.push(sequence);
    },
  };
  expect(await end(flapping, { retryMs: 1500 })).toMatchObject({ waiting: 0, afterMs: 7500 });
  expect(flapping.written).toHaveLength(20);
});

test('a sink that fails is waited for where the disk has not got everything', async () => {
  const { afterMs } = await end(failing('SINK_UNREACHABLE'), { isSafe: false, deadlineMs: 30_000 });
  expect(afterMs).toBeGreaterThanOrEqual(30_000);
});

test('a write that takes long is no failure', async () => {
  const { afterMs } = await end(hanging(), { deadlineMs: 7000 });
  expect(afterMs).toBe(7000);
});

test('a stop ends long before its deadline, without a failure, and says what is left', async () => {
  const log: string[] = [];
  const left: string[] = [];
  const good = recorder();
  const { pipeline } = build([[heard(1)]], [kept(failing('SINK_REFUSED')), lane('good', good, log)], log, {
    shutdownTimeoutMs: 600_000,
    onLeft: ({ ledger, queue }, { lastError }) => left.push(`${ledger.sink} ${queue.depth.events} ${lastError?.code}`),
  });
  await pipeline.start(never);
  const running = pipeline.run();
  pipeline.stop();
  await running;
  expect(pipeline.state).toBe('stopped');
  expect(good.written).toEqual([1, 2, 3]);
  expect(left).toEqual(['kept 3 SINK_REFUSED']);
});

test('what waits to be tried again is tried at once when the agent ends, and is left in the queue where that is in vain, too', async () => {
  for (const works of [true, false]) {
    const time = new FakeTime();
    let isAway = true;
    const sink: FakeSink = {
      written: [],
      write: async ({ items }: Batch<Encoded>) => {
        if (isAway) throw new AgentError('SINK_UNREACHABLE', 'not now');
        sink.written.push(...items.map(({ sequence }) => sequence));
      },
    };
    const { queue, ...rest } = kept(sink);
    const events = { down: () => undefined, up: () => undefined, lost: () => undefined };
    const stage = new DeliveryStage({ ...rest, queue }, events, { time, random: () => 1 });
    queue.offer(batch(1, 20));
    const running = stage.run(never);
    for (let tries = 0; tries < 12; tries += 1) {
      await nextTurn();
      time.step();
    }
    await nextTurn();
    const atMs = time.ms;
    isAway = !works;
    queue.end();
    stage.drain();
    stage.leaveWhenStuck();
    await throughTime(time, running);
    expect(sink.written).toHaveLength(works ? 20 : 0);
    expect(time.ms - atMs).toBeLessThan(1000);
  }
});
