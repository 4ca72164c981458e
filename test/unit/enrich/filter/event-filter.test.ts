import { describe, expect, it } from 'vitest';
import type { Container, ProcessEvent } from '../../../../src/core/event.ts';
import { compileFilter } from '../../../../src/enrich/filter/config.ts';
import type { WrittenRule } from '../../../../src/enrich/filter/config.ts';
import { EventFilter } from '../../../../src/enrich/filter/event-filter.ts';
import type { Known } from '../../../../src/enrich/known.ts';
import { Entry } from '../../../../src/enrich/table/entry.ts';
import { newImage } from '../../../../src/enrich/table/image.ts';
import { capture, eventOf, eventsOf, exec, exit, fork, newEnricher, snapshot } from '../fixtures.ts';

const USERS = { nameOf: (uid: number) => (uid === 1000 ? 'alice' : null) };
const filterOf = (...rules: WrittenRule[]): EventFilter => new EventFilter(compileFilter(rules), USERS);
const admits = (rules: readonly WrittenRule[], event: ProcessEvent, known?: Known): boolean => filterOf(...rules).admits(event, known);
/** alice runs /usr/bin/tool in /system.slice/tool.service. */
const execEvent = (): ProcessEvent => eventOf(newEnricher(), exec(1, 100, capture()));
const CONTAINER: Container = {
  id: 'abc123',
  runtime: 'docker',
  name: 'web-1',
  image: 'nginx:1.25',
  image_id: null,
  pod_uid: null,
  pod_name: null,
  namespace: null,
  labels: null,
};

describe('a condition', () => {
  it.each<[when: Record<string, unknown>, holds: boolean]>([
    [{ kind: 'exec' }, true],
    [{ kind: ['fork', 'exec'] }, true],
    [{ kind: 'exit' }, false],
    [{ exe: '/usr/bin/tool' }, true],
    [{ exe: ['/bin/sh', '/usr/*'] }, true],
    [{ exe: 'tool' }, false],
    [{ name: 'too?' }, true],
    [{ name: 'sh' }, false],
    [{ user: 'alice' }, true],
    [{ user: 1000 }, true],
    [{ user: '1000' }, true],
    [{ user: ['root', 0] }, false],
    [{ cgroup: '/system.slice/*' }, true],
    [{ cgroup: '/user.slice/*' }, false],
    [{ container: 'none' }, true],
    [{ container: '*' }, false],
    [{}, true],
    [{ exe: '/usr/*', user: 'root' }, false],
    [{ exe: '/usr/*', user: 'alice', kind: 'exec' }, true],
  ])('%j', (when, holds) => expect(admits([{ exclude: when }], execEvent())).toBe(!holds));

  it.each([
    ['abc*', true],
    ['web-?', true],
    ['nginx:*', true],
    [['none', 'web-1'], true],
    ['*', true],
    ['none', false],
    ['redis', false],
  ])('container %j asks for id, name and image', (container, holds) => {
    expect(admits([{ exclude: { container } }], { ...execEvent(), container: CONTAINER })).toBe(!holds);
    expect(admits([{ exclude: { container: 'nginx*' } }], { ...execEvent(), container: { ...CONTAINER, name: null, image: null } })).toBe(
      true,
    );
  });

  it('on something that is not known does not hold', () => {
    const unknown = eventOf(newEnricher(), exec(1, 100));
    for (const when of [{ exe: '*' }, { user: '*' }, { user: 0 }, { cgroup: '*' }, { ancestor: '*' }])
      expect(admits([{ exclude: when }], unknown)).toBe(true);
  });

  it('asks the table for what an event of this kind does not carry', () => {
    const [, forked] = eventsOf(newEnricher(), exec(1, 100, capture()), fork(2, 100, 101));
    const entry = new Entry(101, Buffer.alloc(16));
    Object.assign(entry, {
      uid: 1000,
      cgroup: '/system.slice/tool.service',
      image: newImage({ execId: null, exe: '/usr/bin/tool', argv: null, cwd: null, envStart: 0 }),
    });
    for (const when of [{ exe: '/usr/bin/*' }, { cgroup: '/system.slice/*' }, { user: 'alice' }]) {
      expect(admits([{ exclude: when }], forked as ProcessEvent, entry), JSON.stringify(when)).toBe(false);
    }
    expect(admits([{ exclude: { exe: '/usr/bin/*' } }], forked as ProcessEvent)).toBe(true);
  });
});

describe('ancestor', () => {
  const known = (names: readonly (readonly [name: string, exe: string | null])[]): Known =>
    names
      .toReversed()
      .reduce<Known | null>((parent, [name, exe]) => ({ name, uid: 0, cgroup: null, image: { exe }, parent }), null) as Known;
  const family = known([
    ['tool', '/usr/bin/tool'],
    ['bash', '/usr/bin/bash'],
    ['sshd-session', '/usr/lib/openssh/sshd-session'],
    ['sshd', '/usr/sbin/sshd'],
  ]);

  it.each([
    ['sshd', true],
    ['/usr/sbin/*', true],
    ['bash', true],
    ['sshd-*', true],
    ['/usr/bin/tool', false],
    ['tool', false],
    [['cron', '/usr/bin/bash'], true],
    ['openssh', false],
  ])('%j above it, not itself', (ancestor, holds) => expect(admits([{ exclude: { ancestor } }], execEvent(), family)).toBe(!holds));

  it('is found in the event where the table has none', () => {
    const event = execEvent();
    const above = { pid: 1, entity_id: null, name: 'systemd', exe: '/usr/lib/systemd/systemd' };
    event.parent = { pid: 9, entity_id: null, exec_id: null, name: 'bash', exe: '/usr/bin/bash', args: null, ancestors: [above] };
    expect(['bash', 'systemd', '/usr/lib/systemd/*', 'cron'].map((ancestor) => admits([{ exclude: { ancestor } }], event))).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  it('in a family without end is looked for so far', () => {
    const loop = { name: 'a', uid: 0, cgroup: null, image: null, parent: null as Known | null };
    loop.parent = loop;
    expect(admits([{ exclude: { ancestor: 'b' } }], execEvent(), loop)).toBe(true);
  });
});

describe('rules', () => {
  const tool = { exe: '/usr/bin/tool' };
  const other = { exe: '/bin/other' };

  it('the first that holds decides', () => {
    expect(admits([{ include: tool }, { exclude: { user: 'alice' } }], execEvent())).toBe(true);
    expect(admits([{ exclude: { user: 'alice' } }, { include: tool }], execEvent())).toBe(false);
  });

  it('what none holds for is treated the opposite way to the last', () => {
    expect(admits([{ exclude: other }], execEvent())).toBe(true);
    expect(admits([{ include: other }], execEvent())).toBe(false);
    expect(admits([{ include: other }, { exclude: other }], execEvent())).toBe(true);
    expect(admits([{ exclude: other }, { include: other }], execEvent())).toBe(false);
  });

  it('without any, all are published', () => expect(admits([], execEvent())).toBe(true));

  it('what is left out is counted, apart where no message of the kernel caused it', () => {
    const filter = filterOf({ exclude: {} });
    const found = eventOf(newEnricher(), snapshot(1, 100, capture()));
    const heard = eventsOf(newEnricher(), exec(1, 100, capture()), exit(2, 100));
    expect([found, ...heard].map((event) => filter.admits(event, undefined))).toEqual([false, false, false]);
    expect(filter.counters).toEqual({ filtered: 2, originatedFiltered: 1 });
  });
});
