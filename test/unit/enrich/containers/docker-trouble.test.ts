import { once } from 'node:events';
import { linkSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ContainerFacts } from '../../../../src/enrich/containers/container-facts.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';
import { waitFor } from '../../../helpers/wait-for.ts';
import { connected, engineClient } from './engine-client.ts';
import { fakeEngine, json, type Answer } from './fake-engine.ts';
import { ID, OUTER } from './layouts.ts';

describe('an engine that is not there', () => {
  it('is absent, which is said once; it is tried again when a container is wanted', async () => {
    const server = await fakeEngine();
    await server.stop();
    const { engine, reasons, learns } = engineClient(server.socketPath);
    engine.want(ID);
    await waitFor(() => engine.counters.troubles.absent === 1, { what: 'the first try' });
    engine.want(ID);
    await waitFor(() => engine.counters.troubles.absent === 2, { what: 'the second try' });
    expect(reasons()).toEqual(['absent']);
    await server.listen();
    server.containers.push({ id: ID, name: 'web' });
    engine.want(ID);
    await learns(ID);
    expect(reasons()).toEqual(['absent', 'connected']);
  });

  it('is not asked later for what was wanted in its absence: its list has it', async () => {
    const server = await fakeEngine();
    await server.stop();
    const { engine } = engineClient(server.socketPath);
    engine.want(ID);
    await waitFor(() => engine.counters.troubles.absent === 1, { what: 'the first try' });
    await server.listen();
    engine.want(OUTER);
    await waitFor(() => engine.counters.unknown === 1, { what: 'the answer' });
    expect(server.requests.filter((path) => path.startsWith('/containers/'))).toEqual(['/containers/json', `/containers/${OUTER}/json`]);
  });

  it('is absent, too, when only its socket is left', async () => {
    const folder = await tempDir();
    const dead = createSocketServer().listen(join(folder, 'engine.sock'));
    await once(dead, 'listening');
    // Closing removes the file; a link to it stays, and refuses.
    linkSync(join(folder, 'engine.sock'), join(folder, 'left.sock'));
    dead.close();
    const { engine, states } = engineClient(join(folder, 'left.sock'));
    engine.want(ID);
    await waitFor(() => states.length === 1, { what: 'the trouble' });
    expect(states).toMatchObject([
      {
        state: 'trouble',
        error: { code: 'CONTAINER_ENGINE', message: expect.stringContaining('ECONNREFUSED') as string, context: { reason: 'absent' } },
      },
    ]);
  });
});

describe('an engine that goes away', () => {
  it('is met again: what came meanwhile is in its list', async () => {
    const server = await fakeEngine();
    const { engine, known, learns } = await connected(server);
    server.containers.push({ id: ID, name: 'web' });
    await server.stop();
    await waitFor(() => engine.counters.troubles.unreachable > 0, { what: 'the end of the session' });
    await server.listen();
    engine.want(OUTER);
    await learns(ID);
    expect(known.has(OUTER)).toBe(false);
    expect(engine.counters.sessions).toBe(2);
  });

  it('is tried again while something is wanted, after a pause that grows', async () => {
    const server = await fakeEngine();
    server.instead.set('events', (_request, response) => json(response, { message: 'starting' }, 503));
    const pauses: number[] = [];
    const { engine, reasons, learns } = engineClient(server.socketPath, { backoffMs: (failures) => (pauses.push(failures), 1) });
    server.containers.push({ id: ID, name: 'web' });
    engine.want(ID);
    await waitFor(() => pauses.length >= 3, { what: 'three failures' });
    expect(pauses.slice(0, 3)).toEqual([1, 2, 3]);
    server.instead.delete('events');
    await learns(ID);
    expect(reasons()).toEqual(['status', 'connected']);
  });

  it('in the middle of a look-up can still be closed', async () => {
    const server = await fakeEngine();
    const { engine } = await connected(server);
    server.instead.set('inspect', () => server.endStreams());
    engine.want(ID);
    await waitFor(() => engine.counters.troubles.unreachable > 0, { what: 'the end of the stream' });
    await server.stop();
    await engine.close();
  });
});

describe('an answer that is not to be used', () => {
  const endless = (start: string) => (_request: unknown, response: ServerResponse) => {
    response.write(start);
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    };
    response.on('drain', more);
    more();
  };

  it.each<[string, 'oversize' | 'malformed' | 'timeout' | 'unreachable' | 'status', Answer]>([
    ['has no end', 'oversize', endless('{"Id":"')],
    ['is cut off', 'unreachable', (_request, response) => (response.write('{"Id":"'), response.destroy())],
    ['ends early', 'malformed', (_request, response) => response.end('{"Id":"')],
    ['is no JSON', 'malformed', (_request, response) => response.end('<html>')],
    ['is of another type', 'malformed', (_request, response) => json(response, [1, null, 'x'])],
    ['is null', 'malformed', (_request, response) => json(response, null)],
    ['has no id', 'malformed', (_request, response) => json(response, { Name: '/web' })],
    ['is an error', 'status', (_request, response) => json(response, { message: 'boom' }, 500)],
    ['never comes', 'timeout', () => undefined],
    ['never ends', 'timeout', (_request, response) => void response.write('{')],
    ['is no HTTP', 'unreachable', (request) => void request.socket.end('SSH-2.0-x\r\n\r\n')],
  ])('to a look-up that %s costs that answer only, and is said once', async (_what, reason, answer) => {
    const server = await fakeEngine();
    const { engine, known, reasons, learns } = await connected(server, { timeoutMs: 300 });
    server.instead.set('inspect', answer);
    engine.want(ID);
    engine.want(OUTER);
    await waitFor(() => engine.counters.troubles[reason] === 2, { what: `two answers: ${reason}` });
    expect(reasons()).toEqual(['connected', reason]);
    expect(known.size).toBe(0);
    server.instead.delete('inspect');
    server.containers.push({ id: ID, name: 'web' });
    engine.want(ID);
    await learns(ID);
    expect(engine.counters.sessions).toBe(1);
  });

  it.each<[string, unknown, Partial<ContainerFacts>]>([
    [
      'numbers',
      { Id: ID, Name: 5, Image: {}, Config: { Image: [], Labels: { a: 1, b: 'x' } } },
      { name: null, image: null, imageId: null, labels: { b: 'x' } },
    ],
    ['no config', { Id: ID, Name: '/', Config: null }, { name: null, image: null, labels: null }],
    ['names of what every object inherits', { Id: ID, Config: { Labels: { constructor: 'x' } } }, { labels: { constructor: 'x' } }],
    ['endless names', { Id: ID, Name: `/${'n'.repeat(10_000)}`, Config: { Image: 'i'.repeat(10_000) } }, { name: null, image: null }],
  ])('in part (%s) is used in part', async (_what, body, facts) => {
    const server = await fakeEngine();
    const { engine, learns } = await connected(server);
    server.instead.set('inspect', (_request, response) => json(response, body));
    engine.want(ID);
    expect(await learns(ID)).toMatchObject(facts);
  });

  it.each<[string, 'oversize' | 'malformed', Answer]>([
    ['has no end', 'oversize', endless('[')],
    ['is no list', 'malformed', (_request, response) => json(response, { Id: ID })],
  ])('to the list that %s leaves look-ups and events', async (_what, reason, answer) => {
    const server = await fakeEngine();
    server.instead.set('list', answer);
    server.containers.push({ id: ID, name: 'web' }, { id: OUTER, name: 'db' });
    const { engine, reasons, learns } = engineClient(server.socketPath);
    engine.want(ID);
    await learns(ID);
    server.say({ action: 'start', id: OUTER });
    await learns(OUTER);
    expect(reasons()).toEqual(['connected', reason]);
  });

  it('among elements of a list is passed over', async () => {
    const server = await fakeEngine();
    server.instead.set('list', (_request, response) =>
      json(response, [null, 7, { Id: 'short' }, { Id: ID, Names: 'web', Labels: [] }, { Id: OUTER, Names: [1, '/db'], Image: 'x' }]),
    );
    const { learns, known } = await connected(server);
    expect(await learns(OUTER)).toMatchObject({ name: 'db', image: 'x' });
    expect([...known.keys()]).toEqual([ID, OUTER]);
  });
});
