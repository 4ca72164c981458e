import { describe, expect, it } from 'vitest';
import type { CgroupContainer } from '../../../../src/enrich/containers/cgroup-container.ts';
import { ContainerCatalogue } from '../../../../src/enrich/containers/container-catalogue.ts';
import type { ContainerFacts } from '../../../../src/enrich/containers/container-facts.ts';
import { ID, OUTER } from './layouts.ts';

const FACTS: ContainerFacts = {
  name: 'web',
  image: 'nginx:1.27',
  imageId: 'sha256:00',
  podUid: null,
  podName: null,
  namespace: null,
  labels: { tier: 'front' },
};
const PATH = `/system.slice/docker-${ID}.scope`;

function catalogue(max = 100) {
  const asked: CgroupContainer[] = [];
  return { asked, containers: new ContainerCatalogue({ max, ask: (container) => asked.push(container) }) };
}

describe('the catalogue', () => {
  it('knows a container by its cgroup at once, and asks for the rest once', () => {
    const { asked, containers } = catalogue();
    expect(containers.of(PATH)?.full).toEqual({
      id: ID,
      runtime: 'docker',
      name: null,
      image: null,
      image_id: null,
      pod_uid: null,
      pod_name: null,
      namespace: null,
      labels: null,
    });
    expect(containers.of(PATH)).toBe(containers.of(`${PATH}/init.scope`));
    expect(asked.map(({ id }) => id)).toEqual([ID]);
    expect([containers.of('/init.scope'), containers.of(null)]).toEqual([null, null]);
  });

  it('shows what it learns from then on, in new records', () => {
    const { containers } = catalogue();
    const before = containers.of(PATH)?.full;
    expect(containers.learn(ID, FACTS)).toBe(true);
    expect(before?.name).toBeNull();
    expect(containers.of(PATH)?.full).toMatchObject({ runtime: 'docker', name: 'web', image: 'nginx:1.27', labels: { tier: 'front' } });
    expect(containers.of(PATH)?.brief).toMatchObject({ id: ID, runtime: 'docker', name: 'web', image: null, labels: null });
  });

  it('keeps the records while there is no news, so that encoders may', () => {
    const { containers } = catalogue();
    containers.of(PATH);
    containers.learn(ID, FACTS);
    const full = containers.of(PATH)?.full;
    expect(containers.learn(ID, { ...FACTS })).toBe(false);
    expect(containers.of(PATH)?.full).toBe(full);
    expect(containers.learn(ID, { ...FACTS, name: 'renamed' })).toBe(true);
    expect(containers.of(PATH)?.full.name).toBe('renamed');
  });

  it('asks for nothing that it was told before the first event', () => {
    const { asked, containers } = catalogue();
    expect(containers.learn(ID, FACTS)).toBe(false);
    expect(containers.of(PATH)?.full).toMatchObject({ runtime: 'docker', name: 'web' });
    expect(asked).toEqual([]);
  });

  it('believes the cgroup about the pod, and the labels where the cgroup says nothing', () => {
    const { containers } = catalogue();
    const pod = '5a0c3c1e-8f4b-4d6e-9a57-0d6c1b2e3f40';
    containers.learn(ID, { ...FACTS, podUid: 'forged', podName: 'web-0', namespace: 'shop' });
    containers.learn(OUTER, { ...FACTS, podUid: pod });
    expect(containers.of(`/kubepods/pod${pod}/${ID}`)?.full).toMatchObject({ pod_uid: pod, pod_name: 'web-0', namespace: 'shop' });
    expect(containers.of(`/docker/${OUTER}`)?.full.pod_uid).toBe(pod);
  });

  it('tells containers of two runtimes apart that share a name', () => {
    const { containers } = catalogue();
    expect(containers.of('/lxc.payload.web')?.full.runtime).toBe('lxc');
    expect(containers.of('/machine.slice/machine-web.scope')?.full.runtime).toBe('systemd-nspawn');
    expect(containers.of('/lxc.payload.web')?.full).toMatchObject({ runtime: 'lxc', name: 'web' });
  });

  it('stays within its bound, and asks again for what it had to forget', () => {
    const { asked, containers } = catalogue(10);
    const path = (n: number): string => `/docker/${n.toString(16).padStart(64, '0')}`;
    for (let n = 0; n < 100; n++) containers.of(path(n));
    expect(containers.size).toBeLessThanOrEqual(10);
    containers.of(path(0));
    expect(asked.length).toBe(101);
  });
});
