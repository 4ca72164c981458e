import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DockerEngine } from '../../../../src/enrich/containers/docker.ts';
import { waitFor } from '../../../helpers/wait-for.ts';
import { connected, engineClient, idOf } from './engine-client.ts';
import { fakeEngine, json } from './fake-engine.ts';
import { ID, OUTER } from './layouts.ts';

describe('a container engine', () => {
  it('is left alone until a container is wanted', async () => {
    const server = await fakeEngine();
    const { engine, learns } = engineClient(server.socketPath);
    expect(server.requests).toEqual([]);
    server.containers.push({ id: ID, name: 'web', labels: { tier: 'front' } }, { id: OUTER, name: 'db' });
    engine.want(ID);
    expect(await learns(ID)).toEqual({
      name: 'web',
      image: 'nginx:1.27',
      imageId: 'sha256:11',
      podUid: null,
      podName: null,
      namespace: null,
      labels: { tier: 'front' },
    });
    expect((await learns(OUTER)).name).toBe('db');
    expect(server.requests).toEqual(['/events?filters={"type":["container"],"event":["create","start","rename"]}', '/containers/json']);
  });

  it('is heard from then on: what is made, started and renamed is known without being wanted', async () => {
    const server = await fakeEngine();
    const { known, learns } = await connected(server);
    const web = { id: ID, name: 'web' };
    server.containers.push(web, { id: OUTER, name: 'db' });
    server.say({ action: 'create', id: ID });
    expect((await learns(ID)).name).toBe('web');
    web.name = 'renamed';
    server.say({ action: 'rename', id: ID, attributes: { oldName: '/web' } });
    await waitFor(() => known.get(ID)?.name === 'renamed', { what: 'the new name' });
    server.say({ action: 'start', id: OUTER });
    expect((await learns(OUTER)).name).toBe('db');
  });

  it('is asked for a container once, however often it is wanted', async () => {
    const server = await fakeEngine();
    const { engine, learns } = await connected(server);
    server.containers.push({ id: ID, name: 'web' });
    for (let i = 0; i < 50; i++) engine.want(ID);
    await learns(ID);
    // Once for the first want, once for all that came while it was under way.
    expect(server.requests.filter((path) => path.includes(ID)).length).toBeLessThanOrEqual(2);
  });

  it('has few requests at once, and a bounded number waiting', async () => {
    const server = await fakeEngine();
    const { engine } = await connected(server);
    for (let n = 0; n < 2000; n++) engine.want(idOf(n));
    await waitFor(() => engine.counters.unknown + engine.counters.refused === 2001, { what: 'all answers' });
    expect(engine.counters.refused).toBeGreaterThan(900);
    expect(server.mostActive).toBeLessThanOrEqual(4);
  });

  it('says nothing of what is not its own', async () => {
    const server = await fakeEngine();
    const { engine, known } = await connected(server);
    engine.want('../../images/json');
    engine.want('web');
    expect([known.size, engine.counters.unknown]).toEqual([0, 1]);
    expect(server.requests.some((path) => path.includes('images'))).toBe(false);
  });

  it('that moved the tag on is asked for the reference', async () => {
    const server = await fakeEngine();
    server.containers.push({ id: ID, name: 'web', image: 'nginx:1.27' });
    server.instead.set('list', (_request, response) =>
      json(response, [{ Id: ID, Names: ['/web'], Image: 'sha256:22', ImageID: 'sha256:22' }]),
    );
    const { known } = await connected(server);
    await waitFor(() => known.get(ID)?.image === 'nginx:1.27', { what: 'the reference' });
  });
});

describe('labels', () => {
  const pod = {
    'io.kubernetes.pod.uid': '5a0c3c1e-8f4b-4d6e-9a57-0d6c1b2e3f40',
    'io.kubernetes.pod.name': 'web-0',
    'io.kubernetes.pod.namespace': 'shop',
  };

  it('of a pod say which', async () => {
    const server = await fakeEngine();
    server.containers.push({ id: ID, name: 'k8s_web', labels: pod });
    const { known } = await connected(server, { labels: false });
    expect(known.get(ID)).toMatchObject({ podUid: pod['io.kubernetes.pod.uid'], podName: 'web-0', namespace: 'shop', labels: null });
  });

  it('are bounded in number and length', async () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`label-${n}`, 'x'.repeat(200)]));
    const server = await fakeEngine();
    server.containers.push(
      { id: ID, name: 'a', labels: many },
      { id: OUTER, name: 'b', labels: { long: 'x'.repeat(2000), ['n'.repeat(300)]: 'y', ok: '1' } },
    );
    const { known } = await connected(server);
    const kept = Object.entries(known.get(ID)?.labels ?? {});
    expect(kept.length).toBeGreaterThan(30);
    expect(kept.length).toBeLessThanOrEqual(64);
    expect(JSON.stringify(kept).length).toBeLessThan(10_000);
    expect(known.get(OUTER)?.labels).toEqual({ ok: '1' });
  });
});

describe('events', () => {
  it('are heard however they are cut, and after those that are none', async () => {
    const server = await fakeEngine();
    const { engine, learns } = await connected(server);
    server.containers.push({ id: ID, name: 'web' }, { id: OUTER, name: 'db' });
    const event = JSON.stringify({ Type: 'container', Action: 'start', Actor: { ID, Attributes: {} } });
    server.say('\n\r\nnonsense\n{"Type":"container"}\n[]\n');
    for (const character of event) server.say(character);
    server.say('\n');
    await learns(ID);
    expect(engine.counters.troubles.malformed).toBe(3);
    server.say(`${JSON.stringify({ Type: 'container', Action: 'start', Actor: { ID: OUTER } })}\n`.repeat(3));
    await learns(OUTER);
  });

  it('that have no end are passed over without being kept', async () => {
    const server = await fakeEngine();
    const { engine, reasons, learns } = await connected(server);
    server.containers.push({ id: ID, name: 'web' });
    for (let i = 0; i < 40; i++) server.say('x'.repeat(16_384));
    server.say('\n');
    server.say({ action: 'start', id: ID });
    await learns(ID);
    expect([engine.counters.troubles.oversize, ...reasons()]).toEqual([1, 'connected', 'oversize']);
  });

  it('of other kinds cost no look-up', async () => {
    const server = await fakeEngine();
    const { learns } = await connected(server);
    server.containers.push({ id: ID, name: 'web' }, { id: OUTER, name: 'db' });
    server.say({ action: 'exec_create: /bin/sh -c true', id: ID });
    server.say({ action: 'die', id: ID });
    server.say({ action: 'start', id: OUTER });
    await learns(OUTER);
    expect(server.requests.some((path) => path.includes(ID))).toBe(false);
  });
});

describe('closing', () => {
  it('is safe before opening, and twice', async () => {
    const engine = new DockerEngine({ socketPath: '/nowhere', labels: true, onKnown: () => undefined });
    await engine.close();
    await engine.close();
    engine.want(ID);
  });

  it('ends what is under way, and says no trouble about it', async () => {
    const server = await fakeEngine();
    const { engine, reasons } = await connected(server);
    server.instead.set('inspect', () => undefined);
    engine.want(ID);
    await waitFor(() => server.active === 1, { what: 'a look-up under way' });
    await engine.close();
    await waitFor(() => server.listeners === 0 && server.active === 0, { what: 'closed connections' });
    expect(reasons()).toEqual(['connected']);
    expect(existsSync(server.socketPath)).toBe(true);
  });

  it('does not wait for an engine that does not answer', async () => {
    const server = await fakeEngine();
    server.instead.set('events', () => undefined);
    const { engine } = engineClient(server.socketPath, { timeoutMs: 60_000 });
    engine.want(ID);
    await waitFor(() => server.requests.length === 1, { what: 'the request' });
    await engine.close();
  });
});
