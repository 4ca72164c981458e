import { describe, expect, it, onTestFinished } from 'vitest';
import { ContainerCatalogue } from '../../../../src/enrich/containers/container-catalogue.ts';
import { ContainerEngines, engineSocket } from '../../../../src/enrich/containers/container-engines.ts';
import { waitFor } from '../../../helpers/wait-for.ts';
import { fakeEngine } from './fake-engine.ts';
import { ID, OUTER } from './layouts.ts';

describe('the engines of a configuration', () => {
  it('are Docker at its usual place, none, or what is at a path', () => {
    expect(['auto', 'off', '/run/podman/podman.sock'].map(engineSocket)).toEqual(['/var/run/docker.sock', null, '/run/podman/podman.sock']);
  });

  it('are none when off, which is no trouble', async () => {
    const engines = new ContainerEngines('off', { labels: true, onKnown: () => undefined });
    engines.open();
    engines.ask({ id: ID, runtime: 'docker', name: null, podUid: null });
    await engines.close();
    expect(engines.engine).toBeNull();
  });

  it('fill the catalogue with what its containers are called', async () => {
    const server = await fakeEngine();
    server.containers.push({ id: ID, name: 'web' });
    const engines = new ContainerEngines(server.socketPath, { labels: true, onKnown: (id, facts) => void containers.learn(id, facts) });
    const containers: ContainerCatalogue = new ContainerCatalogue({ ask: (container) => engines.ask(container) });
    onTestFinished(() => engines.close());
    engines.open();
    expect(containers.of(`/docker/${ID}`)?.full.name).toBeNull();
    await waitFor(() => containers.of(`/docker/${ID}`)?.full.name === 'web', { what: 'the name' });
  });

  it('are not asked for containers that cannot be theirs', async () => {
    const server = await fakeEngine();
    const engines = new ContainerEngines(server.socketPath, { labels: true, onKnown: () => undefined });
    onTestFinished(() => engines.close());
    engines.open();
    for (const runtime of ['containerd', 'cri-o', 'buildkit', 'lxc']) engines.ask({ id: ID, runtime, name: null, podUid: null });
    engines.ask({ id: 'web', runtime: null, name: null, podUid: null });
    for (const runtime of ['docker', 'podman', null]) engines.ask({ id: OUTER, runtime, name: null, podUid: null });
    await waitFor(() => engines.engine?.counters.unknown === 1, { what: 'the answer' });
    expect(server.requests.some((path) => path.includes(ID))).toBe(false);
  });
});
