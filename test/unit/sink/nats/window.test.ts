import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Message } from '../../../../src/sink/nats/message.ts';
import { Window } from '../../../../src/sink/nats/window.ts';
import { messageOf, turns } from './messages.ts';

const wide = { maxMessages: 100, maxBytes: 1_000_000 };

function filled(count: number, bounds = wide): { window: Window; messages: Message[] } {
  const window = new Window(bounds);
  const messages = Array.from({ length: count }, (_, i) => messageOf(i + 1));
  for (const message of messages) window.enter(message, 10);
  return { window, messages };
}

describe('the window of messages in flight', () => {
  test('has room by messages and by bytes, and always for one', () => {
    const window = new Window({ maxMessages: 3, maxBytes: 100 });
    expect(window.hasRoom(1_000_000)).toBe(true);
    window.enter(messageOf(1), 60);
    expect([window.hasRoom(40), window.hasRoom(41)]).toEqual([true, false]);
    window.enter(messageOf(2), 1);
    window.enter(messageOf(3), 1);
    expect(window.hasRoom(1)).toBe(false);
    window.answered(1);
    expect([window.hasRoom(98), window.hasRoom(99)]).toEqual([true, false]);
  });

  test('knows a message by its number until it was answered', () => {
    const { window, messages } = filled(3);
    expect(messages.map(({ token }) => token)).toEqual([1, 2, 3]);
    expect(window.answered(2)).toBe(messages[1]);
    expect(window.answered(2)).toBeUndefined();
    expect(messages[1]?.token).toBe(0);
    expect([window.oldest, window.lastToken, window.left, window.highestAnswered]).toEqual([1, 3, 1, 2]);
  });

  test.each([Number.NaN, 0, -1, 4, 1e300, Number.POSITIVE_INFINITY])('takes no notice of an answer to %s', (token) => {
    const { window } = filled(3);
    expect(window.answered(token)).toBeUndefined();
    expect([window.left, window.highestAnswered]).toEqual([0, 0]);
  });

  test('lets those leave that are up to a number, and those of a subject', () => {
    const window = new Window(wide);
    const messages = ['a', 'b', 'a', 'b'].map((subject, i) => messageOf(i + 1, subject));
    for (const message of messages) window.enter(message, 10);
    expect([...window.of('b')]).toEqual([messages[1], messages[3]]);
    expect([...window.upTo(2)]).toEqual([messages[0]]);
    expect([...window.upTo(Number.POSITIVE_INFINITY)]).toEqual([messages[2]]);
    expect(window.isEmpty).toBe(true);
    expect(window.hasRoom(wide.maxBytes)).toBe(true);
  });

  test('gives up a message, and none that has its number over another connection', () => {
    const [here, there] = [filled(2), filled(2)];
    const [mine, theirs] = [here.messages[0] as Message, there.messages[0] as Message];
    here.window.giveUp(theirs);
    expect(here.window.left).toBe(0);
    expect(here.window.answered(1)).toBe(mine);
    there.window.giveUp(theirs);
    expect([there.window.left, there.window.oldest, theirs.token]).toEqual([1, 2, 0]);
    there.window.giveUp(theirs);
    expect(there.window.left).toBe(1);
  });

  test('wakes all that wait when a good part of it is free, not before', async () => {
    const { window } = filled(8, { maxMessages: 8, maxBytes: 1000 });
    let woken = 0;
    const waiting = [1, 2].map(async () => {
      await window.ebb();
      woken += 1;
    });
    window.answered(1);
    await turns();
    expect(woken).toBe(0);
    window.answered(2);
    await Promise.all(waiting);
    expect(woken).toBe(2);
  });

  test('wakes whoever waits when it is emptied, whatever its bounds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 300 }), async (maxMessages, maxBytes) => {
        const window = new Window({ maxMessages, maxBytes });
        let sequence = 0;
        while (window.hasRoom(7)) window.enter(messageOf((sequence += 1)), 7);
        const woken = window.ebb();
        expect([...window.upTo(Number.POSITIVE_INFINITY)].length).toBe(sequence);
        await woken;
      }),
    );
  });
});
