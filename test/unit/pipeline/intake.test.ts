import { expect, test } from 'vitest';
import { LaneAccount } from '../../../src/pipeline/account.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import { add, imbalances } from '../../../src/core/ledger.ts';
import { Intake } from '../../../src/pipeline/intake.ts';
import type { Lane } from '../../../src/pipeline/lane.ts';
import { MemoryQueue } from '../../../src/queue/memory/memory-queue.ts';
import { enqueue } from '../../../src/queue/when-full.ts';
import { change } from './changing.ts';
import { ScriptedSource, encoders, event, lane, never, recorder } from './fixtures.ts';

/** A lane whose full queue drops what comes, and says so. */
function dropping(maxEvents: number): Lane {
  const queue = new MemoryQueue<Encoded>({ maxEvents, maxBytes: 1e6 });
  const made = lane('full', recorder(), [], { account: new LaneAccount({ agentId: Buffer.alloc(16), sinkId: Buffer.alloc(16) }) });
  const { ledger, account } = made;
  const onDrop: Parameters<typeof enqueue>[0]['onDrop'] = ({ fromSequence: from, toSequence: to, count }, reason) => {
    add(ledger.dropped, reason, count);
    account?.dropped({ from, to, count, reason });
  };
  return { ...made, queue, enqueue: (batch, signal) => enqueue({ queue, whenFull: 'drop_newest', onDrop }, batch, signal) };
}

function intakeOf(lanes: Lane[]): Intake {
  let last = 0;
  return new Intake({
    source: new ScriptedSource([], []),
    enrich: () => undefined,
    sequence: (any) => void (any.event.sequence = last += 1),
    encoders,
    lanes,
    onUnencodable: () => undefined,
    checkpoints: { intervalMs: 0, event: () => event('CHECKPOINT', 'agent') },
  });
}

test('what a lane that goes drops is counted once, also where the agent is stopped at that moment', async () => {
  const full = dropping(1);
  const intake = intakeOf([full]);
  await intake.inject((emit) => emit(event('START', 'agent')), never);
  await intake.swap(change({ removed: [full] }), AbortSignal.abort());
  expect(full.ledger).toMatchObject({ sequenced: 2, accepted: 1, dropped: { queue_full: 1 } });
  expect(imbalances(full.ledger)).toEqual([]);
});
