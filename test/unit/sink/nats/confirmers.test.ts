import { describe, expect, test, vi } from 'vitest';
import { AgentError } from '../../../../src/core/errors.ts';
import { CoreConfirmer } from '../../../../src/sink/nats/core-confirmer.ts';
import { StreamConfirmer } from '../../../../src/sink/nats/stream-confirmer.ts';
import { Window } from '../../../../src/sink/nats/window.ts';
import { FakeConnection } from './fake-connection.ts';
import { messageOf, turns } from './messages.ts';
import { NotingOwner } from './owner.ts';

const gone = new AgentError('SINK_UNREACHABLE', 'gone');

function bench() {
  const connection = new FakeConnection();
  const window = new Window({ maxMessages: 100, maxBytes: 1e6 });
  const owner = new NotingOwner();
  const send = (...sequences: number[]): void => {
    for (const sequence of sequences) window.enter(owner.owning(messageOf(sequence, `f.${sequence % 2 === 0 ? 'even' : 'odd'}`)), 10);
  };
  return { connection, window, owner, send };
}

describe('without a stream', () => {
  test('what was sent before a PING is delivered when the PONG comes, and no more', async () => {
    const { connection, window, owner, send } = bench();
    const confirmer = new CoreConfirmer({ connection: connection.client, window });
    expect(confirmer.replyTo()).toBe('');
    send(1, 2);
    confirmer.sent();
    send(3);
    await turns();
    expect(owner.noted).toEqual([]);
    connection.pings[0]?.resolve();
    await turns();
    expect(owner.noted).toEqual([
      [1, 'stored'],
      [2, 'stored'],
    ]);
    confirmer.sent();
    confirmer.sent();
    expect(connection.pings.length).toBe(2);
  });

  test('what the server refused before the PONG is not counted as delivered, although both come at once', async () => {
    const { connection, window, owner, send } = bench();
    const confirmer = new CoreConfirmer({ connection: connection.client, window });
    send(1, 2);
    confirmer.sent();
    connection.pings[0]?.resolve();
    // The client tells of refusals through a queue, so some turns of its loop later.
    const refusal = async (): Promise<void> => {
      for (let i = 0; i < 50; i += 1) await Promise.resolve();
      for (const message of window.of('f.odd')) message.owner?.settled(message, new AgentError('SINK_REFUSED', 'no'));
    };
    await refusal();
    await turns();
    expect(owner.noted).toEqual([
      [1, 'SINK_REFUSED'],
      [2, 'stored'],
    ]);
  });

  test('nothing is delivered when the connection ends, although a PONG was about to be read', async () => {
    const { connection, window, owner, send } = bench();
    const confirmer = new CoreConfirmer({ connection: connection.client, window });
    send(1, 2);
    confirmer.sent();
    send(3);
    confirmer.sent();
    connection.pings[0]?.resolve();
    connection.pings[1]?.reject(new Error('connection closed'));
    confirmer.end();
    await turns();
    expect([owner.noted, window.oldest]).toEqual([[], 1]);
  });
});

describe('a stream', () => {
  function listening(whyUnheard: (subject: string) => Promise<AgentError> = () => Promise.reject(new Error('not asked'))) {
    const parts = bench();
    const [onDuplicate, onDeaf] = [vi.fn(), vi.fn()];
    const { connection, window } = parts;
    const confirmer = new StreamConfirmer({
      connection: connection.client,
      inboxPrefix: '_I.own',
      stream: 'S',
      window,
      onDuplicate,
      whyUnheard,
      onDeaf,
    });
    return { ...parts, confirmer, onDuplicate, onDeaf };
  }

  test('answers to one inbox of the prefix that is allowed, by the number of the message', () => {
    const { connection, confirmer } = listening();
    expect(connection.listensTo).toMatch(/^_I\.own\.\w+\.\*$/);
    expect(confirmer.replyTo(12)).toBe(connection.listensTo.replace('*', '12'));
    expect(listening().connection.listensTo).not.toBe(connection.listensTo);
  });

  test('has what it acknowledges, has had what is a duplicate, and says what it does not take', () => {
    const { connection, confirmer, owner, send, onDuplicate } = listening();
    send(1, 2, 3, 4);
    connection.stored({ reply: confirmer.replyTo(2) });
    connection.stored({ reply: confirmer.replyTo(1) }, ',"duplicate":true');
    connection.answer(
      confirmer.replyTo(3),
      '{"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"},"stream":"S","seq":0}',
    );
    connection.answer(confirmer.replyTo(4), 'what?');
    expect(owner.noted).toEqual([
      [2, 'stored'],
      [1, 'stored'],
      [3, 'SINK_REFUSED'],
      [4, 'SINK_UNREACHABLE'],
    ]);
    expect(onDuplicate).toHaveBeenCalledTimes(1);
  });

  test('is heard once about each message, and not about what was not sent', () => {
    const { connection, confirmer, owner, send } = listening();
    send(1);
    for (const token of [2, 1, 1, Number.NaN]) connection.stored({ reply: confirmer.replyTo(token) });
    expect(owner.noted).toEqual([[1, 'stored']]);
  });

  test('is asked for once where nobody listens, for all that come meanwhile', async () => {
    const asked: string[] = [];
    const why = Promise.withResolvers<AgentError>();
    const { connection, confirmer, owner, send } = listening((subject) => {
      asked.push(subject);
      return why.promise;
    });
    send(1, 2, 3);
    for (const token of [1, 2]) connection.answer(confirmer.replyTo(token), '', 503);
    await turns();
    expect([asked, owner.noted]).toEqual([['f.odd'], []]);
    why.resolve(new AgentError('SINK_REFUSED', 'no stream'));
    await turns();
    expect(owner.noted).toEqual([
      [1, 'SINK_REFUSED'],
      [2, 'SINK_REFUSED'],
    ]);
    connection.answer(confirmer.replyTo(3), '', 503);
    expect(asked).toEqual(['f.odd', 'f.odd']);
  });

  test('that cannot be asked for costs no message', async () => {
    const { connection, confirmer, owner, send } = listening(() => Promise.reject(new AgentError('SINK_REFUSED', 'no right')));
    send(1);
    connection.answer(confirmer.replyTo(1), '', 503);
    await turns();
    expect(owner.noted).toEqual([[1, 'SINK_REFUSED']]);
  });

  test('that is being asked for when the connection ends is told of once, as that', async () => {
    const why = Promise.withResolvers<AgentError>();
    const { connection, confirmer, owner, send } = listening(() => why.promise);
    send(1);
    connection.answer(confirmer.replyTo(1), '', 503);
    confirmer.end(gone);
    why.resolve(new AgentError('SINK_REFUSED', 'no stream'));
    await turns();
    expect([owner.noted, owner.faults]).toEqual([[[1, 'SINK_UNREACHABLE']], [gone]]);
  });

  test('whose answers cannot come is said to be so', () => {
    const { connection, onDeaf } = listening();
    const error = new Error('Permissions Violation for Subscription');
    connection.deafen(error);
    expect(onDeaf).toHaveBeenCalledWith(error);
  });
});
