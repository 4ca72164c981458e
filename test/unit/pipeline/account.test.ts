import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Digest, EventHash } from '../../../src/core/digest.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import { LaneAccount } from '../../../src/pipeline/account.ts';
import type { Statement } from '../../../src/pipeline/account.ts';
import { batch, record } from '../../contract/records.ts';

const agentId = Buffer.alloc(16, 1);
const sinkId = Buffer.alloc(16, 2);
const checkpoint = record(0, 16, 'agent');

const newAccount = (): LaneAccount => new LaneAccount({ agentId, sinkId });
const digestOf = (sequences: readonly number[], run: Uint8Array = agentId): Buffer => {
  const hash = new EventHash(run);
  const sum = new Digest();
  for (const sequence of sequences) sum.add(hash.of(sequence));
  return sum.bytes();
};
const upTo = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

function accept(account: LaneAccount, from: number, to: number): void {
  for (const sequence of upTo(from, to)) account.sequenced(sequence);
  account.accepted(batch(from, to).items);
}
function state(account: LaneAccount): Statement {
  const { statement } = account;
  account.stated(checkpoint);
  return statement;
}
const dropped = (from: number, to: number, count = to - from + 1) => ({ fromSequence: from, toSequence: to, count, checkpoints: [] });

describe('what a lane states', () => {
  it('covers each sequence once, with numbers that follow each other', () => {
    const account = newAccount();
    accept(account, 1, 3);
    expect(state(account)).toMatchObject({ checkpoint_no: 1, from_sequence: 1, to_sequence: 3, accepted: 3, digest: digestOf([1, 2, 3]) });
    expect(state(account)).toMatchObject({ checkpoint_no: 2, from_sequence: 4, to_sequence: 3, accepted: 0, digest: Buffer.alloc(8) });
    accept(account, 4, 4);
    expect(state(account)).toMatchObject({ checkpoint_no: 3, from_sequence: 4, to_sequence: 4, accepted: 1 });
  });

  it('begins where the sink came in', () => {
    const account = new LaneAccount({ agentId, sinkId });
    account.join(41);
    expect(account.statement).toMatchObject({ from_sequence: 41, to_sequence: 40 });
  });

  it('tells drops of one kind as one range as long as nothing was accepted between them', () => {
    const account = newAccount();
    account.dropped({ from: 2, to: 3, count: 2, reason: 'queue_full' });
    account.dropped({ from: 7, to: 9, count: 1, reason: 'queue_full' });
    account.accepted(batch(10, 10).items);
    account.dropped({ from: 12, to: 12, count: 1, reason: 'queue_full' });
    account.dropped({ from: 13, to: 13, count: 1, reason: 'unencodable' });
    expect(account.statement.dropped).toEqual([
      { from: 2, to: 9, count: 3, reason: 'queue_full' },
      { from: 12, to: 12, count: 1, reason: 'queue_full' },
      { from: 13, to: 13, count: 1, reason: 'unencodable' },
    ]);
  });

  it('keeps the lists within bounds, and their counts exact', () => {
    const account = newAccount();
    for (let i = 1; i <= 5000; i += 1) {
      accept(account, 2 * i, 2 * i);
      account.dropped({ from: 2 * i + 1, to: 2 * i + 1, count: 1, reason: 'queue_full' });
      account.evicted({ ...dropped(2 * i, 2 * i), items: batch(2 * i, 2 * i).items });
    }
    const { dropped: drops, amendments } = account.statement;
    expect([drops.length, amendments.length]).toEqual([1000, 1000]);
    expect(drops.reduce((sum, { count }) => sum + count, 0)).toBe(5000);
    expect(amendments.reduce((sum, { count }) => sum + count, 0)).toBe(5000);
    expect(amendments.filter(({ digest }) => digest === null)).toMatchObject([{ count: 4001 }]);
  });
});

describe('amendments', () => {
  it('name the checkpoint that called the events accepted', () => {
    const account = newAccount();
    for (const [from, to] of [
      [1, 10],
      [11, 20],
      [21, 30],
    ] as const) {
      accept(account, from, to);
      if (from < 21) state(account);
    }
    account.evicted({ ...dropped(5, 6), items: batch(5, 6).items });
    account.evicted(dropped(7, 8));
    account.evicted(dropped(11, 20, 4));
    account.gone([record(22)], 'dead_lettered');
    const none = { agent_id: null };
    expect(account.statement.amendments).toEqual([
      { ...none, from: 5, to: 8, count: 4, checkpoint_no: 1, fate: 'dropped', digest: digestOf([5, 6, 7, 8]) },
      { ...none, from: 11, to: 20, count: 4, checkpoint_no: 2, fate: 'dropped', digest: null },
      { ...none, from: 22, to: 22, count: 1, checkpoint_no: 3, fate: 'dead_lettered', digest: digestOf([22]) },
    ]);
    state(account);
    expect(account.statement.amendments).toEqual([]);
  });

  it('name the run where it is an earlier one', () => {
    const account = newAccount();
    const earlier = Buffer.alloc(16, 9);
    account.evicted({ ...dropped(5, 6), agentId: earlier });
    account.evicted({ ...dropped(7, 7), agentId: Uint8Array.from(agentId) });
    expect(account.statement.amendments).toMatchObject([
      { from: 5, agent_id: earlier, checkpoint_no: 0, digest: digestOf([5, 6], earlier) },
      { from: 7, agent_id: null, checkpoint_no: 1 },
    ]);
  });
});

describe('what was pulled and did not arrive', () => {
  it('is told for each run by itself', () => {
    const account = newAccount();
    const earlier = Buffer.alloc(16, 9);
    const before = (sequence: number): Encoded => ({ ...record(sequence), origin: { agentId: earlier, format: '' } });
    account.gone([before(9), record(3), checkpoint, before(7)], 'dead_lettered');
    expect(account.statement.amendments).toMatchObject([
      { from: 7, to: 7, count: 1, agent_id: earlier, fate: 'dead_lettered', digest: digestOf([7], earlier) },
      { from: 9, to: 9, count: 1, agent_id: earlier, fate: 'dead_lettered', digest: digestOf([9], earlier) },
      { from: 3, to: 3, count: 1, agent_id: null, digest: digestOf([3]) },
    ]);
  });

  it('is told without what lies between, which the sink may have taken, and for each checkpoint by itself', () => {
    const account = newAccount();
    for (let sequence = 1; sequence <= 6; sequence += 1) account.sequenced(sequence);
    account.stated(checkpoint);
    account.gone([record(2), record(3), record(5), record(6), record(7)], 'dead_lettered');
    expect(account.statement.amendments).toMatchObject([
      { from: 2, to: 3, count: 2, checkpoint_no: 1, digest: digestOf([2, 3]) },
      { from: 5, to: 6, count: 2, checkpoint_no: 1 },
      { from: 7, to: 7, count: 1, checkpoint_no: 2 },
    ]);
  });

  it('is told as one where it would be too many', () => {
    const account = newAccount();
    const odd = Array.from({ length: 40 }, (_, i) => record(2 * i + 1));
    account.gone(odd, 'dead_lettered');
    expect(account.statement.amendments).toMatchObject([
      { from: 1, to: 79, count: 40, digest: digestOf(odd.map(({ sequence }) => sequence)) },
    ]);
  });

  it('is told in ranges that hold nothing else: what is between them may have arrived', () => {
    const account = newAccount();
    const items = [2, 3, 4, 6, 9, 10].map((sequence) => record(sequence));
    account.gone(items, 'dead_lettered');
    expect(account.statement.amendments).toMatchObject([
      { from: 2, to: 4, count: 3, digest: digestOf([2, 3, 4]) },
      { from: 6, to: 6, count: 1 },
      { from: 9, to: 10, count: 2, digest: digestOf([9, 10]) },
    ]);
  });

  it('has no digest where only the number is known', () => {
    const account = newAccount();
    account.gone(batch(1, 5).items, 'dropped', 2);
    account.gone(batch(1, 5).items, 'dropped', 0);
    expect(account.statement.amendments).toMatchObject([{ from: 1, to: 5, count: 2, digest: null }]);
  });
});

describe('checkpoints in the queue', () => {
  it('go into it again when they were evicted, before the next one', () => {
    const account = newAccount();
    const first = record(0, 17, 'agent');
    account.stated(first);
    account.evicted({ ...dropped(0, 0, 0), checkpoints: [first] });
    expect(account.stated(checkpoint)).toEqual([first, checkpoint]);
    expect(account.stated(checkpoint)).toEqual([checkpoint]);
  });

  it('are enough where nobody takes them, until some are through', () => {
    const account = newAccount();
    for (let i = 0; i < 999; i += 1) account.stated(checkpoint);
    expect(account.hasEnoughWaiting).toBe(false);
    account.stated(checkpoint);
    expect(account.hasEnoughWaiting).toBe(true);
    account.evicted({ ...dropped(0, 0, 0), checkpoints: [checkpoint] });
    account.stated(checkpoint);
    expect(account.hasEnoughWaiting).toBe(true);
    account.delivered([record(5), checkpoint, checkpoint]);
    expect(account.hasEnoughWaiting).toBe(false);
  });
});

it('balances whatever happens: accepted + filtered + dropped is the range, and the digest that of the accepted', () => {
  const fate = fc.constantFrom('accepted', 'filtered', 'dropped', 'checkpoint');
  fc.assert(
    fc.property(fc.array(fate, { maxLength: 60 }), (fates) => {
      const account = newAccount();
      let sequence = 0;
      let accepted: number[] = [];
      const check = (): void => {
        const { from_sequence: from, to_sequence: to, ...said } = account.statement;
        const drops = said.dropped.reduce((sum, { count }) => sum + count, 0);
        expect(said.accepted + said.filtered + drops).toBe(to - from + 1);
        expect(said.digest).toEqual(digestOf(accepted));
        account.stated(checkpoint);
        accepted = [];
      };
      for (const each of fates) {
        if (each === 'checkpoint') {
          check();
          continue;
        }
        account.sequenced((sequence += 1));
        if (each === 'filtered') account.filtered();
        else if (each === 'dropped') account.dropped({ from: sequence, to: sequence, count: 1, reason: 'queue_full' });
        else {
          account.accepted([record(sequence)]);
          accepted.push(sequence);
        }
      }
      check();
    }),
  );
});
