import { describe, expect, test, vi } from 'vitest';
import { AgentError } from '../../../../src/core/errors.ts';
import type { Confirmer } from '../../../../src/sink/nats/confirmer.ts';
import { Link } from '../../../../src/sink/nats/link.ts';
import { Window } from '../../../../src/sink/nats/window.ts';
import { FakeConnection, violation } from './fake-connection.ts';
import { messageOf, never, turns } from './messages.ts';
import { NotingOwner } from './owner.ts';

function linked(bounds = { maxMessages: 4, maxBytes: 1e6 }) {
  const connection = new FakeConnection();
  const window = new Window(bounds);
  const confirmer = { replyTo: (token: number) => `r.${token}`, sent: vi.fn(), end: vi.fn() } satisfies Confirmer;
  const explain = (error: Error): AgentError => new AgentError('SINK_REFUSED', error.message);
  const link = new Link({ connection: connection.client, place: 'n1:4222', window, confirmer, explain });
  const owner = new NotingOwner();
  const send = (sequence: number, subject = 'f.a'): void => {
    const message = owner.owning(messageOf(sequence, subject));
    link.send(message, message.headers());
  };
  return { connection, window, confirmer, link, owner, send };
}

const room = (link: Link, signal = never): Promise<void> => link.room(messageOf(99), messageOf(99).headers(), signal);

describe('a connection', () => {
  test('sends with the next flush, each to be answered by its number', () => {
    const { connection, confirmer, link, send } = linked();
    send(1);
    send(2);
    expect(connection.frames).toEqual([]);
    link.flush();
    expect(connection.frames.map(({ reply }) => reply)).toEqual(['r.1', 'r.2']);
    expect(confirmer.sent).toHaveBeenCalledTimes(1);
  });

  test('settles all that is in flight when it ends, once, with the reason', async () => {
    const { connection, confirmer, link, owner, send } = linked();
    const ended = vi.fn();
    link.onEnd(ended);
    send(1);
    send(2);
    connection.break(new Error('read ECONNRESET'));
    await turns();
    expect(owner.noted).toEqual([
      [1, 'SINK_REFUSED'],
      [2, 'SINK_REFUSED'],
    ]);
    expect([link.isAlive, link.fault?.message, connection.closes]).toEqual([false, 'read ECONNRESET', 1]);
    link.fail(new AgentError('SINK_UNREACHABLE', 'again'));
    await link.close();
    expect([owner.noted.length, ended.mock.calls.length, confirmer.end.mock.calls.length]).toEqual([2, 1, 1]);
    expect(link.fault?.message).toBe('read ECONNRESET');
  });

  test('that the server ended without a word was lost', async () => {
    const { connection, link } = linked();
    connection.break();
    await turns();
    expect(link.fault).toMatchObject({ code: 'SINK_UNREACHABLE', message: 'n1:4222: the connection was lost' });
  });

  test('tells of its end those who come later, too', () => {
    const { link } = linked();
    link.fail(new AgentError('SINK_UNREACHABLE', 'gone'));
    const ended = vi.fn();
    link.onEnd(ended);
    expect(ended).toHaveBeenCalledTimes(1);
  });

  test('sends nothing when it has ended', () => {
    const { connection, link, send } = linked();
    send(1);
    link.fail(new AgentError('SINK_UNREACHABLE', 'gone'));
    link.flush();
    expect(connection.frames).toEqual([]);
  });

  test('costs a refused subject only what is on its way there', async () => {
    const { connection, link, owner, send } = linked();
    send(1, 'f.a');
    send(2, 'f.b');
    connection.tell(violation('publish', 'f.a'));
    connection.tell(violation('publish', '$JS.API.STREAM.INFO.S'));
    await turns();
    expect([owner.noted, link.isAlive]).toEqual([[[1, 'SINK_REFUSED']], true]);
  });

  test.each([
    ['of answers that may not come', violation('subscription', '_INBOX.x.*')],
    ['of a subject that is not said', violation('publish', '')],
    ['of anything else', { type: 'error', error: new Error('Something Else') } as const],
  ])('ends when the server complains %s', async (_, status) => {
    const { connection, link, owner, send } = linked();
    send(1);
    connection.tell(status);
    await turns();
    expect([owner.noted, link.isAlive]).toEqual([[[1, 'SINK_REFUSED']], false]);
  });

  test('is to be left when the server is about to stop', async () => {
    const { connection, link } = linked();
    expect(link.isLeaving).toBe(false);
    connection.tell({ type: 'ldm', server: 'n1' });
    await turns();
    expect([link.isLeaving, link.isAlive]).toEqual([true, true]);
  });

  test('has as much room for a message as the server says', () => {
    const { connection, link } = linked();
    expect(link.maxPayload).toBe(1_000_000);
    connection.info = undefined;
    expect(link.maxPayload).toBe(Number.POSITIVE_INFINITY);
  });

  test('lets wait for room while there is none, after all that is written has gone', async () => {
    const { connection, window, link, send } = linked();
    for (let i = 1; i <= 4; i += 1) send(i);
    let isRoom = false;
    const waiting = room(link).then(() => (isRoom = true));
    await turns();
    expect([isRoom, connection.frames.length]).toEqual([false, 4]);
    window.answered(1);
    await waiting;
  });

  test('lets nobody wait for room when it ends, nor whose signal is aborted', async () => {
    const { link, send } = linked({ maxMessages: 1, maxBytes: 10 });
    send(1);
    const ending = new AbortController();
    const waiting = [room(link), room(link, ending.signal), room(link)];
    ending.abort(new Error('handed over'));
    await expect(waiting[1]).rejects.toThrow('handed over');
    link.fail(new AgentError('SINK_UNREACHABLE', 'gone'));
    await expect(waiting[0]).rejects.toThrow('gone');
    await expect(waiting[2]).rejects.toThrow('gone');
    await expect(room(link)).rejects.toThrow('gone');
  });
});
