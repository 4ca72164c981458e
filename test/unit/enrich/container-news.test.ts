import { describe, expect, it } from 'vitest';
import type { ProcessEvent } from '../../../src/core/event.ts';
import { ContainerCatalogue } from '../../../src/enrich/containers/container-catalogue.ts';
import { createEnricher, type EnrichConfig, type EnrichDeps } from '../../../src/enrich/enricher.ts';
import { createRedactor } from '../../../src/enrich/redact/redactor.ts';
import { capture, CONFIG, DEPS, eventOf, eventsOf, exit, fork, snapshot, wallUs } from './fixtures.ts';

const WEB = 'a1'.repeat(32);
const DB = 'b2'.repeat(32);
const FACTS = { name: 'web', image: 'nginx:1.27', imageId: null, podUid: null, podName: null, namespace: null, labels: { app: 'web' } };

function host(config: Partial<EnrichConfig> = {}, deps: Partial<EnrichDeps> = {}) {
  const containers = new ContainerCatalogue();
  const clock = { nowUs: () => wallUs(9000), monotonicNs: () => 9000e6 };
  const enricher = createEnricher({ ...CONFIG, ...config }, { ...DEPS, clock, containers, ...deps });
  const run = (pid: number, id: string, argv = ['tool', '-v']): ProcessEvent[] =>
    eventsOf(enricher, snapshot(2000, pid, capture({ pid, ppid: 1, argv, cgroup: `/docker/${id}`, startMs: 1000 + pid })));
  const tell = (): ProcessEvent[] => {
    const events: ProcessEvent[] = [];
    enricher.tell(8000e6, (made) => void (made.stream === 'process' && events.push(made.event)));
    return events;
  };
  return { containers, enricher, run, tell };
}

const named = ({ containers, enricher }: ReturnType<typeof host>, id = WEB): void => {
  if (containers.learn(id, FACTS)) enricher.noteContainer(id);
};

describe('a container of which an engine says who it is', () => {
  it('has its processes told of again, once, with what is known now and the ids of before', () => {
    const here = host();
    const [before] = here.run(60, WEB);
    here.run(61, DB);
    expect(before?.container).toMatchObject({ id: WEB, name: null });
    expect(here.enricher.dueNs).toBe(Infinity);
    named(here);
    expect(here.enricher.dueNs).toBe(-Infinity);
    const [after, ...more] = here.tell();
    expect(more).toEqual([]);
    expect(after).toMatchObject({
      kind: 'SNAPSHOT',
      time: wallUs(9000),
      process: { pid: 60, entity_id: before?.process.entity_id, exec_id: before?.process.exec_id, args: ['tool', '-v'] },
      container: { id: WEB, name: 'web', image: 'nginx:1.27', labels: { app: 'web' } },
      provenance: { args: 'CACHED', enrich_delay_us: null },
    });
    expect(here.enricher.dueNs).toBe(Infinity);
    expect(here.tell()).toEqual([]);
    expect(here.enricher.counters.snapshots).toBe(3);
  });

  it('is told of with what its processes are then: those that ended are not, those that were forked are', () => {
    const here = host();
    here.run(60, WEB);
    eventOf(here.enricher, fork(3000, 60, 70));
    eventOf(here.enricher, fork(3000, 60, 71));
    named(here);
    eventOf(here.enricher, exit(3001, 71));
    expect(new Set(here.tell().map(({ process }) => process.pid))).toEqual(new Set([60, 70]));
  });

  it('is not told of where events have named it all along, nor where it has nothing new to say', () => {
    const here = host();
    named(here);
    here.run(60, WEB);
    named(here);
    expect(here.enricher.dueNs).toBe(Infinity);
  });

  it('is told of with 400 processes at most, of others as many, and not all at once', () => {
    const here = host({ maxProcesses: 2000 });
    for (let pid = 100; pid < 700; pid += 1) here.run(pid, WEB);
    for (let pid = 700; pid < 1000; pid += 1) here.run(pid, DB);
    named(here);
    named(here, DB);
    const rounds = [here.tell(), here.tell(), here.tell()];
    expect(rounds.map(({ length }) => length)).toEqual([512, 188, 0]);
    const all = rounds.flat();
    expect(all.filter(({ container }) => container?.id === WEB)).toHaveLength(400);
    expect(all.filter(({ container }) => container?.id === DB)).toHaveLength(300);
    expect(new Set(all.map(({ process }) => process.pid)).size).toBe(700);
  });

  it('is told of by the way of all events: masked, and filtered', () => {
    const masked = host({}, { redactor: createRedactor({ defaults: true, patterns: [] }, null) });
    masked.run(60, WEB, ['tool', '--password=s3cret']);
    named(masked);
    expect(JSON.stringify(masked.tell().map(({ process }) => process.args))).not.toContain('s3cret');
    const filtered = host({ filter: [{ action: 'exclude', when: { container: ['web'] } }] });
    filtered.run(60, WEB);
    named(filtered);
    expect(filtered.tell()).toEqual([]);
    expect(filtered.enricher.withheld.filtered).toBe(0);
  });

  it('is not told of where no SNAPSHOTs are wanted', () => {
    const here = host({ snapshot: false });
    here.run(60, WEB);
    eventOf(here.enricher, fork(3000, 60, 70));
    named(here);
    expect([here.enricher.dueNs, here.tell()]).toEqual([Infinity, []]);
  });
});
