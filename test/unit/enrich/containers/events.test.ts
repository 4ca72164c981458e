import { describe, expect, it } from 'vitest';
import type { ContainerFacts } from '../../../../src/enrich/containers/container-facts.ts';
import { ContainerCatalogue } from '../../../../src/enrich/containers/container-catalogue.ts';
import { createEnricher } from '../../../../src/enrich/enricher.ts';
import {
  CONFIG,
  DEPS,
  capture,
  comm,
  coredump,
  eventOf,
  eventsOf,
  exec,
  exit,
  fork,
  gid,
  loss,
  begin,
  end,
  newEnricher,
  ptrace,
  sid,
  snapshot,
  uid,
} from '../fixtures.ts';
import { ID, OUTER } from './layouts.ts';

const cgroup = `/docker/${ID}`;
const UNNAMED = {
  id: ID,
  runtime: 'docker',
  name: null,
  image: null,
  image_id: null,
  pod_uid: null,
  pod_name: null,
  namespace: null,
  labels: null,
};
const FACTS: ContainerFacts = {
  name: 'web',
  image: 'nginx:1.27',
  imageId: 'sha256:00',
  podUid: null,
  podName: null,
  namespace: null,
  labels: { app: 'web' },
};
const FULL = { ...UNNAMED, name: 'web', image: 'nginx:1.27', image_id: 'sha256:00', labels: { app: 'web' } };
const BRIEF = { ...UNNAMED, name: 'web' };

function named() {
  const containers = new ContainerCatalogue();
  containers.learn(ID, FACTS);
  return createEnricher(CONFIG, { ...DEPS, containers });
}

describe('the container of an event', () => {
  it('is that of the cgroup, whole on EXEC and SNAPSHOT, and without what can be joined on all other kinds', () => {
    const enricher = named();
    expect(eventOf(enricher, snapshot(10, 50, capture({ pid: 50, cgroup }))).container).toEqual(FULL);
    expect(eventOf(enricher, exec(11, 50, capture({ pid: 50, cgroup }))).container).toEqual(FULL);
    const heard = [
      fork(20, 50, 60),
      uid(21, 60, [5, 5]),
      gid(22, 60, [5, 5]),
      sid(23, 60),
      ptrace(24, 60, 50),
      comm(25, 60, 'x'),
      coredump(26, 60),
      exit(27, 60),
    ];
    for (const one of heard) expect(eventOf(enricher, one), one.kind).toMatchObject({ kind: one.kind, container: BRIEF });
  });

  it('is none where the cgroup is that of no container, or not known', () => {
    const enricher = named();
    expect(eventOf(enricher, snapshot(10, 50, capture({ pid: 50, cgroup: '/system.slice/x.service' }))).container).toBeNull();
    expect(eventOf(enricher, exec(11, 51)).container).toBeNull();
  });

  it('follows a process that is moved by the time of its exec', () => {
    const enricher = newEnricher();
    eventOf(enricher, snapshot(10, 50, capture({ pid: 50, cgroup: '/init.scope' })));
    expect(eventOf(enricher, fork(20, 50, 60)).container).toBeNull();
    expect(eventOf(enricher, exec(21, 60, capture({ pid: 60, startMs: 20, cgroup }))).container).toEqual(UNNAMED);
    expect(eventOf(enricher, exec(22, 60, capture({ pid: 60, startMs: 20, cgroup: `/docker/${OUTER}` }))).container?.id).toBe(OUTER);
    expect(eventOf(enricher, exit(23, 60)).container?.id).toBe(OUTER);
  });

  it('has its name as soon as the engine has said it', () => {
    const containers = new ContainerCatalogue();
    const enricher = createEnricher(CONFIG, { ...DEPS, containers });
    expect(eventOf(enricher, exec(10, 50, capture({ pid: 50, cgroup }))).container).toEqual(UNNAMED);
    containers.learn(ID, FACTS);
    expect(eventOf(enricher, exit(11, 50)).container).toEqual(BRIEF);
  });

  it('is on ends that only a listing showed, without what can be joined', () => {
    const enricher = named();
    eventOf(enricher, snapshot(10, 50, capture({ pid: 50, cgroup })));
    const made = eventsOf(enricher, loss(), begin(1000), end(3000, 1000));
    expect(made).toMatchObject([{ kind: 'EXIT', recovered: true, container: BRIEF }]);
  });

  it('is in what is recalled of a process', () => {
    const enricher = named();
    eventOf(enricher, snapshot(10, 50, capture({ pid: 50, cgroup })));
    expect(enricher.processes.recall(50, { monotonicNs: 2e7, timeUs: 1 })?.container).toEqual(FULL);
  });
});
