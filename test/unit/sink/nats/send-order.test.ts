import { describe, expect, test } from 'vitest';
import { Consignment } from '../../../../src/sink/nats/consignment.ts';
import type { Link } from '../../../../src/sink/nats/link.ts';
import { SendOrder } from '../../../../src/sink/nats/send-order.ts';
import { messageOf, never, turns } from './messages.ts';
import { AgentError } from '../../../../src/core/errors.ts';

const link = (isAlive: boolean): Link => ({ isAlive }) as Link;

function line(count: number): { order: SendOrder; all: Consignment[] } {
  const order = new SendOrder();
  const all = Array.from({ length: count }, () => new Consignment());
  for (const one of all) order.enter(one);
  return { order, all };
}

describe('the order of batches', () => {
  test('lets one go when all before it are on their way over a connection that lives', () => {
    const { order, all } = line(3);
    const turns_ = () => all.map((one) => order.isTurnOf(one));
    const [a, b] = all as [Consignment, Consignment];
    expect(turns_()).toEqual([true, false, false]);
    b.sentOver = link(true);
    expect(turns_()).toEqual([true, false, false]);
    a.sentOver = link(true);
    expect(turns_()).toEqual([true, true, true]);
    a.sentOver = link(false);
    expect(turns_()).toEqual([true, false, false]);
  });

  test('wakes those whose turn it has become, and leaves the others where they are', async () => {
    const { order, all } = line(3);
    const [a, b, c] = all as [Consignment, Consignment, Consignment];
    const came: string[] = [];
    const waits = [order.turnOf(b, never).then(() => came.push('b')), order.turnOf(c, never).then(() => came.push('c'))];
    order.changed();
    await turns();
    expect(came).toEqual([]);
    order.leave(a);
    await waits[0];
    await turns();
    expect(came).toEqual(['b']);
    b.sentOver = link(true);
    order.changed();
    await waits[1];
  });

  test('keeps the place of one that is entered again', () => {
    const { order, all } = line(2);
    order.enter(all[0] as Consignment);
    expect(order.isTurnOf(all[1] as Consignment)).toBe(false);
  });

  test('lets nobody wait whose signal is aborted, nor when it has ended', async () => {
    const { order, all } = line(3);
    const [, b, c] = all as [Consignment, Consignment, Consignment];
    const ending = new AbortController();
    const waits = [order.turnOf(b, ending.signal), order.turnOf(c, never)];
    ending.abort(new Error('handed over'));
    await expect(waits[0]).rejects.toThrow('handed over');
    order.end(new Error('closed'));
    await expect(waits[1]).rejects.toThrow('closed');
    await expect(order.turnOf(b, never)).rejects.toThrow('closed');
    await expect(order.turnOf(b, ending.signal)).rejects.toThrow('handed over');
  });
});

describe('a batch on its way', () => {
  test('is quiet when each message that was sent is settled', async () => {
    const consignment = new Consignment();
    const messages = [messageOf(1), messageOf(2), messageOf(3)];
    consignment.messages = messages;
    await consignment.quiet();
    for (const message of messages) consignment.sending(message);
    let isQuiet = false;
    const quiet = consignment.quiet().then(() => (isQuiet = true));
    const [stored, refused, failed] = messages as [(typeof messages)[0], (typeof messages)[0], (typeof messages)[0]];
    consignment.settled(stored, undefined);
    consignment.settled(refused, new AgentError('RECORD_REJECTED', 'too large'));
    await turns();
    expect(isQuiet).toBe(false);
    const fault = new AgentError('SINK_UNREACHABLE', 'gone');
    consignment.settled(failed, fault);
    await quiet;
    expect(consignment.open).toEqual([failed]);
    expect(failed.fault).toBe(fault);
    expect([...consignment.refused.keys()]).toEqual([refused]);
    consignment.sending(failed);
    expect(failed.fault).toBeUndefined();
  });

  test('hears of the signal of its last write only, until it is over', () => {
    const consignment = new Consignment();
    const heard: string[] = [];
    const [first, second] = [new AbortController(), new AbortController()];
    consignment.follow(first.signal, () => heard.push('first'));
    consignment.follow(second.signal, () => heard.push('second'));
    first.abort();
    expect(heard).toEqual([]);
    consignment.end();
    second.abort();
    expect([heard, consignment.isOver]).toEqual([[], true]);
  });

  test('hears of a signal between two writes', () => {
    const consignment = new Consignment();
    const heard: string[] = [];
    const ending = new AbortController();
    consignment.follow(ending.signal, () => heard.push('ended'));
    ending.abort();
    expect(heard).toEqual(['ended']);
  });
});
