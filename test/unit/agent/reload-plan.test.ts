import { describe, expect, test } from 'vitest';
import { planReload } from '../../../src/agent/reload-plan.ts';
import type { ReloadPlan } from '../../../src/agent/reload-plan.ts';
import { issuesOf } from '../../../src/config/issue.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { configFile, refusal } from '../config/refusal.ts';

const load = (text: string) => loadConfig({ file: configFile(text === '' ? '{}' : text) });
/** `retired`: a configuration whose sinks were removed and still deliver. */
const plan = (now: string, next: string, retired?: string): ReloadPlan =>
  planReload(load(now), load(next), retired === undefined ? [] : load(retired).config.sinks);
/** `path reason | fix` of each difference that is refused. */
const refused = (now: string, next: string, retired?: string): string[] =>
  issuesOf(refusal(() => plan(now, next, retired))).map(({ path, reason, fix }) => `${path} ${reason} | ${fix}`);

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
      'sinks.a.queue.max_events cannot change while the sink is there | restart the agent, or give the sink another name and another path',
    ]);
    expect(refused('sinks: {a: {type: file}}', 'sinks: {a: {type: file, queue: {type: disk}}}').join()).toContain('sinks.a.queue.type');
    expect(refused('sinks: {a: {type: stdout, format: json}}', 'sinks: {a: {type: stdout, format: line}}')).toEqual([
      'sinks.a.format cannot change to another format of records | restart the agent, or give the sink another name',
    ]);
    expect(refused('sinks: {a: {type: stdout}}', 'sinks: {a: {type: file}}').join()).toContain('sinks.a.type');
  });

  test('a sink does not come back before what it had is delivered', () => {
    const [without, back] = ['sinks: {b: {type: blackhole}}', 'sinks: {a: {type: file}, b: {type: blackhole}}'];
    expect(refused(without, back, 'sinks: {a: {type: blackhole}}')).toEqual([
      'sinks.a was removed, and what it had by then is still being delivered | reload when it is through, or restart the agent',
    ]);
    expect(plan(without, back, 'sinks: {c: {type: blackhole}}').added).toMatchObject([{ name: 'a' }]);
  });
});

describe('a folder that another sink has', () => {
  const kept = (folder: string, others: string): string =>
    `is the folder of the removed sink ${others}, which delivers there what it has yet: ${folder} | keep the name ${others}, use another folder, or`;

  test('of a sink under another name, as renaming one makes it: both are named, with the folder and what to do', () => {
    const expected = `sinks.new.path ${kept('/x', 'old')} reload without the sink new first, and with it when the log says that old is closed`;
    expect(refused('sinks: {old: {type: file, path: /x}}', 'sinks: {new: {type: file, path: /x/}}')).toEqual([expected]);
  });

  test('of a sink that was removed before, and delivers yet', () => {
    const next = 'sinks: {b: {type: blackhole}, new: {type: file, path: /x}}';
    const now = 'sinks: {b: {type: blackhole}}';
    expect(refused(now, next, 'sinks: {old: {type: file, path: /x}}').join()).toContain(kept('/x', 'old'));
    expect(plan(now, next, 'sinks: {old: {type: file, path: /y}}').added).toHaveLength(1);
  });

  test('for a sink that is there and moves to it', () => {
    const now = 'sinks: {goes: {type: file, path: /x}, stays: {type: file, path: /y}}';
    expect(refused(now, 'sinks: {stays: {type: file, path: /x}}').join()).toContain(`sinks.stays.path ${kept('/x', 'goes')}`);
  });

  test('of a sink that moves, for one that is added; those that are there may exchange theirs', () => {
    const now = 'sinks: {a: {type: file, path: /x}, b: {type: file, path: /y}}';
    expect(refused(now, 'sinks: {a: {type: file, path: /z}, b: {type: file, path: /y}, c: {type: file, path: /x}}')).toEqual([
      'sinks.c.path is the folder that the sink a has until it moves: /x | reload without the sink c first, and with it afterwards',
    ]);
    expect(plan(now, 'sinks: {a: {type: file, path: /y}, b: {type: file, path: /x}}').changed).toHaveLength(2);
  });
});
