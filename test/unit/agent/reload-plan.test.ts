import { describe, expect, test } from 'vitest';
import { planReload } from '../../../src/agent/reload-plan.ts';
import type { ReloadPlan } from '../../../src/agent/reload-plan.ts';
import { issuesOf } from '../../../src/config/issue.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { configFile, refusal } from '../config/refusal.ts';

const load = (text: string) => loadConfig({ file: configFile(text === '' ? '{}' : text) });
const plan = (now: string, next: string, delivering: readonly string[] = []): ReloadPlan =>
  planReload(load(now), load(next), new Set(delivering));
/** `path reason | fix` of each difference that is refused. */
const refused = (now: string, next: string, delivering: readonly string[] = []): string[] =>
  issuesOf(refusal(() => plan(now, next, delivering))).map(({ path, reason, fix }) => `${path} ${reason} | ${fix}`);

const NOTHING = { added: [], changed: [], removed: [], filter: undefined, throttle: undefined };

describe('what can change while the agent runs', () => {
  test('nothing is different where only the words are', () => {
    expect(
      plan(
        'agent: {checkpoint_interval: 5s}\nsource: {scan_interval: 1s, events: [exec, fork]}',
        'source: {scan_interval: 1000ms, events: [fork, exec]}',
      ),
    ).toEqual(NOTHING);
  });

  test('sinks are told apart by name: those that come, go, are another, and stay', () => {
    const { added, changed, removed } = plan(
      'sinks: {goes: {type: blackhole}, other: {type: file, path: a}, stays: {type: file, path: s}}',
      'sinks: {comes: {type: blackhole}, other: {type: file, path: b}, stays: {type: file, codec: zstd, path: s}}',
    );
    expect(added.map(({ name }) => name)).toEqual(['comes']);
    expect(changed).toMatchObject([{ from: { settings: { path: 'a' } }, to: { name: 'other', settings: { path: 'b' } } }]);
    expect(removed).toEqual(['goes']);
  });

  test('another type of sink takes over a name where its records are the same', () => {
    expect(plan('sinks: {a: {type: file}}', 'sinks: {a: {type: blackhole}}').changed).toMatchObject([
      { from: { type: 'file' }, to: { type: 'blackhole' } },
    ]);
  });

  test('filter and throttle, each by itself', () => {
    const filter = 'enrich: {filter: [{exclude: {exe: /bin/true}}]}';
    expect(plan('', filter)).toMatchObject({ filter: [{ action: 'exclude' }], throttle: undefined });
    expect(plan(filter, filter)).toEqual(NOTHING);
    expect(plan(filter, '').filter).toEqual([]);
    const throttle = 'enrich: {throttle: {by: exe}}';
    expect(plan('', throttle)).toMatchObject({ filter: undefined, throttle: { by: 'exe' } });
    expect(plan(throttle, '').throttle).toBeNull();
  });

  test('the log level, the shutdown timeout and the checkpoint interval', () => {
    expect(plan('', 'telemetry: {log_level: debug}\nagent: {shutdown_timeout: 3s, checkpoint_interval: 1s}')).toEqual(NOTHING);
  });
});

describe('what cannot', () => {
  test('is named, all of it, with what to do', () => {
    expect(
      refused('', 'source: {receive_buffer: 8MiB, threads: true}\nagent: {labels: {a: b}}\nenrich: {ancestors: 2}').toSorted(),
    ).toEqual([
      'agent.labels.a cannot change while the agent runs | restart the agent',
      'enrich.ancestors cannot change while the agent runs | restart the agent',
      'source.receive_buffer cannot change while the agent runs | restart the agent',
      'source.threads cannot change while the agent runs | restart the agent',
    ]);
  });

  test('the queue and the format of a sink that is there', () => {
    expect(refused('sinks: {a: {type: file}}', 'sinks: {a: {type: file, queue: {max_events: 9}}}')).toEqual([
      'sinks.a.queue.max_events cannot change while the sink is there | restart the agent, or give the sink another name',
    ]);
    expect(refused('sinks: {a: {type: file}}', 'sinks: {a: {type: file, queue: {type: disk}}}').join()).toContain('sinks.a.queue.type');
    expect(refused('sinks: {a: {type: stdout, format: json}}', 'sinks: {a: {type: stdout, format: line}}')).toEqual([
      'sinks.a.format cannot change to another format of records | restart the agent, or give the sink another name',
    ]);
    expect(refused('sinks: {a: {type: stdout}}', 'sinks: {a: {type: file}}').join()).toContain('sinks.a.type');
  });

  test('a sink does not come back before what it had is delivered', () => {
    const [without, back] = ['sinks: {b: {type: blackhole}}', 'sinks: {a: {type: file}, b: {type: blackhole}}'];
    expect(refused(without, back, ['a', 'b'])).toEqual([
      'sinks.a was removed, and what it had by then is still being delivered | reload when it is through, or restart the agent',
    ]);
    expect(plan(without, back, ['b']).added).toMatchObject([{ name: 'a' }]);
  });
});
