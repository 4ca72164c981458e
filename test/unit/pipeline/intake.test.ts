import { expect, test } from 'vitest';
import type { AnyEvent } from '../../../src/core/any-event.ts';
import { LaneAccount } from '../../../src/pipeline/account.ts';
import type { Statement } from '../../../src/pipeline/account.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import { add, imbalances } from '../../../src/core/ledger.ts';
import { Intake } from '../../../src/pipeline/intake.ts';
import type { Lane } from '../../../src/pipeline/lane.ts';
import { MemoryQueue } from '../../../src/queue/memory/memory-queue.ts';
import { enqueue } from '../../../src/queue/when-full.ts';
import type { WhenFull } from '../../../src/queue/when-full.ts';
import { change } from './changing.ts';
import { ScriptedSource, encoders, event, lane, never, recorder } from './fixtures.ts';

/** A lane whose full queue drops as it is told, and says so. */
function dropping(maxEvents: number, whenFull: WhenFull = 'drop_newest'): Lane {
  const queue = new MemoryQueue<Encoded>({ maxEvents, maxBytes: 1e6 });
  const made = lane('full', recorder(), [], { account: new LaneAccount({ agentId: Buffer.alloc(16), sinkId: Buffer.alloc(16) }) });
  const { ledger, account } = made;
  const onDrop: Parameters<typeof enqueue>[0]['onDrop'] = (dropped, reason) => {
    const { fromSequence: from, toSequence: to, count } = dropped;
    if (reason === 'evicted') return account?.evicted(dropped);
    add(ledger.dropped, reason, count);
    account?.dropped({ from, to, count, reason });
  };
  return { ...made, queue, enqueue: (batch, signal) => enqueue({ queue, whenFull, onDrop }, batch, signal) };
}

function intakeOf(lanes: Lane[], stated: Statement[] = []): Intake {
  let last = 0;
  return new Intake({
    source: new ScriptedSource([], []),
    enrich: () => undefined,
    sequence: (any) => void (any.event.sequence = last += 1),
    encoders,
    lanes,
    onUnencodable: () => undefined,
    checkpoints: { intervalMs: 0, event: (statement) => checkpoint(statement, stated) },
  });
}

function checkpoint(statement: Statement, stated: Statement[]): AnyEvent {
  stated.push(statement);
  return { stream: 'agent', event: { kind: 'CHECKPOINT', sequence: null } } as unknown as AnyEvent;
}

test('what a queue on disk let go of is stated at once, before a kill could make it a loss without a reason', async () => {
  const full: Lane = { ...dropping(1, 'drop_oldest'), durable: true };
  const stated: Statement[] = [];
  const intake = intakeOf([full], stated);
  await intake.inject((emit) => emit(event('START', 'agent')), never);
  expect(stated).toEqual([]);
  await intake.inject((emit) => emit(event('GAP', 'agent')), never);
  expect(stated).toMatchObject([{ to_sequence: 2, accepted: 2, amendments: [{ from: 1, to: 1, checkpoint_no: 1, fate: 'dropped' }] }]);
  const waiting = [await full.queue.pull(never), await full.queue.pull(never)];
  expect(waiting.map((delivery) => delivery?.batch.items.map(({ sequence }) => sequence))).toEqual([[2], [0]]);
});

test('what a lane that goes drops is counted once, also where the agent is stopped at that moment', async () => {
  const full = dropping(1);
  const intake = intakeOf([full]);
  await intake.inject((emit) => emit(event('START', 'agent')), never);
  await intake.swap(change({ removed: [full] }), AbortSignal.abort());
  expect(full.ledger).toMatchObject({ sequenced: 2, accepted: 1, dropped: { queue_full: 1 } });
  expect(imbalances(full.ledger)).toEqual([]);
});
