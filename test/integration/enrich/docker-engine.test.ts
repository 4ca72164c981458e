import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ContainerCatalogue } from '../../../src/enrich/containers/container-catalogue.ts';
import { ContainerEngines } from '../../../src/enrich/containers/container-engines.ts';
import { parseCgroup } from '../../../src/enrich/procfs/cgroup.ts';
import { cgroupFileOf, DockerdProcess, findDockerd } from '../../helpers/docker-engine.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const path = await findDockerd();
const IMAGE = 'forkcast-test';
const SLEEP = ['/bin/sleep', '60'];

describe.skipIf(path === undefined)('a real Docker engine', () => {
  let docker: DockerdProcess;

  beforeAll(async () => {
    docker = await DockerdProcess.start(path ?? []);
    await docker.makeImage(IMAGE);
  });
  afterAll(() => docker?.stop());

  function catalogue() {
    const engines = new ContainerEngines(docker.socketPath, { labels: true, onKnown: (id, facts) => void containers.learn(id, facts) });
    const containers: ContainerCatalogue = new ContainerCatalogue({ ask: (container) => engines.ask(container) });
    onTestFinished(() => engines.close());
    engines.open();
    return { engines, containers };
  }
  const cgroupOf = async (pid: number): Promise<string> => parseCgroup(await cgroupFileOf(pid)) ?? '';

  it('puts a process where its cgroup names the container, and says the rest of it when asked', async () => {
    const { containers } = catalogue();
    const id = await docker.create('web', { image: IMAGE, command: SLEEP, labels: { tier: 'front' } });
    const cgroup = await cgroupOf(await docker.start(id));
    expect(containers.of(cgroup)?.full).toMatchObject({ id, runtime: 'docker', name: null });
    await waitFor(() => containers.of(cgroup)?.full.name, { what: 'the name' });
    expect(containers.of(cgroup)?.full).toMatchObject({
      name: 'web',
      image: IMAGE,
      image_id: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string,
      labels: { tier: 'front' },
      pod_uid: null,
    });
  });

  it('tells of a container before its first process runs, and of its new name', async () => {
    const { engines, containers } = catalogue();
    const first = await docker.create('first', { image: IMAGE, command: SLEEP });
    containers.of(await cgroupOf(await docker.start(first)));
    await waitFor(() => engines.engine?.counters.sessions === 1, { what: 'the connection' });
    const next = await docker.create('next', { image: IMAGE, command: SLEEP });
    const known = (): string | null | undefined => containers.of(`/docker/${next}`)?.full.name;
    await waitFor(() => known() === 'next', { what: 'the name of what does not run yet' });
    await docker.rename(next, 'renamed');
    await waitFor(() => known() === 'renamed', { what: 'the new name' });
    expect(await cgroupOf(await docker.start(next))).toContain(next);
    expect(engines.engine?.counters.troubles).toMatchObject({ malformed: 0, oversize: 0, status: 0, timeout: 0 });
  });
});
