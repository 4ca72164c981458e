import { expect, test } from 'vitest';
import type { AnyEvent } from '../../../src/core/any-event.ts';
import { LaneAccount } from '../../../src/pipeline/account.ts';
import type { Statement } from '../../../src/pipeline/account.ts';
import type { Checkpoints } from '../../../src/pipeline/intake.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { build, heard, lane, never, recorder } from './fixtures.ts';

const newAccount = (): LaneAccount => new LaneAccount({ agentId: Buffer.alloc(16), sinkId: Buffer.alloc(16) });

/** Events of their own, as the agent's are: without a sequence. */
function stating(intervalMs: number, kind = 'CHECKPOINT'): { stated: (Statement & { final: boolean })[]; checkpoints: Checkpoints } {
  const stated: (Statement & { final: boolean })[] = [];
  const event = (statement: Statement, final: boolean): AnyEvent => {
    stated.push({ ...statement, final });
    return { stream: 'agent', event: { kind, sequence: null } } as unknown as AnyEvent;
  };
  return { stated, checkpoints: { intervalMs, event } };
}

test('a run ends with a checkpoint behind STOP that covers all, of each lane that has an account', async () => {
  const [proven, plain] = [recorder(), recorder()];
  const account = newAccount();
  const lanes = [lane('proven', proven, [], { account, wants: () => false }), lane('plain', plain, [])];
  const { stated, checkpoints } = stating(0);
  const { pipeline } = build([[heard(1), heard(2)]], lanes, [], { checkpoints });
  await pipeline.start(never);
  const running = pipeline.run();
  pipeline.stop();
  await running;
  expect(stated).toMatchObject([{ checkpoint_no: 1, from_sequence: 1, to_sequence: 4, accepted: 2, filtered: 2, dropped: [] }]);
  expect([proven.written, plain.written]).toEqual([
    [1, 4, 0],
    [1, 2, 3, 4],
  ]);
  expect(lanes.map(({ ledger }) => [ledger.delivered, ledger.waiting, ledger.lastAccepted])).toEqual([
    [2, 0, 4],
    [4, 0, 4],
  ]);
  const [one = 0, all = 0] = lanes.map(({ ledger }) => ledger.acceptedBytes);
  expect(one > 0 && all === 2 * one).toBe(true);
});

test('checkpoints come while nothing else happens', async () => {
  const sink = recorder();
  const { stated, checkpoints } = stating(1);
  const { pipeline } = build([[heard(1)]], [lane('a', sink, [], { account: newAccount() })], [], { checkpoints });
  await pipeline.start(never);
  const running = pipeline.run();
  await waitFor(() => stated.length >= 3, { what: 'three checkpoints', timeoutMs: 5000 });
  pipeline.stop();
  await running;
  expect(stated.map(({ checkpoint_no }) => checkpoint_no)).toEqual(stated.map((_, i) => i + 1));
  expect(stated.map(({ final }) => final)).toEqual(stated.map((_, i) => i === stated.length - 1));
  expect(stated[0]).toMatchObject({ from_sequence: 1 });
  expect(stated.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(3);
});

test('a checkpoint that cannot be encoded costs nothing but itself: the next one covers what it did', async () => {
  const { stated, checkpoints } = stating(1, 'UID');
  const { pipeline, notes } = build([[heard(1)]], [lane('a', recorder(), [], { account: newAccount() })], [], { checkpoints });
  await pipeline.start(never);
  const running = pipeline.run();
  await waitFor(() => stated.length >= 2, { what: 'two attempts', timeoutMs: 5000 });
  pipeline.stop();
  await running;
  expect(stated.at(-1)).toMatchObject({ checkpoint_no: 1, from_sequence: 1, to_sequence: 3, accepted: 3 });
  expect(notes).toContain('RECORD_UNENCODABLE');
});
