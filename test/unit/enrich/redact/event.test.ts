import { createHmac } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import type { AgentEvent } from '../../../../src/core/agent-event.ts';
import type { Container, ProcessEvent } from '../../../../src/core/event.ts';
import { EventRedactor } from '../../../../src/enrich/redact/event.ts';
import { createRedactor } from '../../../../src/enrich/redact/redactor.ts';
import { capture, eventOf, eventsOf, exec, exit, fork, newEnricher } from '../fixtures.ts';
import { fullEvent, pathsOf } from './full-event.ts';

const X = '[redacted]';
const KEY = Buffer.from('a key of 16 bytes');
const newRedactor = (key: Uint8Array | null = null) => new EventRedactor(createRedactor({ defaults: true, patterns: [] }, key));
const apply = (event: ProcessEvent, redactor = newRedactor()): ProcessEvent => {
  redactor.apply({ stream: 'process', event });
  return event;
};
const execEvent = (argv: readonly string[]): ProcessEvent => eventOf(newEnricher(), exec(1, 100, capture({ argv })));

/** What no process can choose, or the user did: ids, names of users and terminals, words of our own. */
const UNTOUCHED = [
  'host.hostname',
  'host.labels.name',
  'process.user',
  'process.tty',
  'container.id',
  'container.runtime',
  'container.pod_uid',
  'exit.signal_name',
];
const SECRET = 'postgres://bob:hunter2@db/x';

describe('an event', () => {
  it('has no field that a process fills in and in which a secret would stay', () => {
    expect(pathsOf(apply(fullEvent(SECRET)), (text) => text.includes('hunter2'))).toEqual(UNTOUCHED);
  });

  it('says in `privacy` how many values were replaced, wherever they were', () => {
    const event = fullEvent(SECRET);
    const replaced = pathsOf(fullEvent(SECRET), (text) => text.includes('hunter2')).length - UNTOUCHED.length;
    expect(apply(event).privacy).toEqual({ redacted: replaced, args_hmac: null });
    expect(pathsOf(event, (text) => text === `postgres://bob:${X}@db/x`)).toHaveLength(replaced);
  });

  it('without a secret is left as it is, and `privacy` is null', () => {
    const event = fullEvent('plain');
    apply(event);
    expect(event).toEqual(fullEvent('plain'));
    const made = execEvent(['tool', '-v']);
    const { args } = made.process;
    expect(apply(made).process.args).toBe(args);
  });

  it('masked once stays as it is', () => {
    const event = apply(fullEvent(SECRET));
    const once = JSON.stringify(event);
    expect(JSON.stringify(apply(event))).toBe(once);
  });

  it('has bytes masked like their text', () => {
    const made = execEvent(['tool']);
    made.process.args = ['mysql', '-phunter2', '\ufffd'];
    made.process.args_raw = Buffer.from('mysql\0-phunter2\0\xff\0', 'latin1');
    apply(made);
    expect(made.process.args).toEqual(['mysql', `-p${X}`, '\ufffd']);
    expect(Buffer.from(made.process.args_raw)).toEqual(Buffer.from(`mysql\0-p${X}\0\xff\0`, 'latin1'));
    expect(made.privacy?.redacted).toBe(1);
  });

  it('has labels and variables masked by their names', () => {
    const event = fullEvent('plain');
    event.process.env = { DB_PASSWORD: 'a b', DB_PASS: 'abc', LD_PRELOAD: '/x.so', TOKEN: '', PWD: '/srv' };
    event.container = { ...(event.container as Container), labels: { 'com.example/api-token': 'abc', tier: 'web' } };
    apply(event);
    expect(event.process.env).toEqual({ DB_PASSWORD: X, DB_PASS: X, LD_PRELOAD: '/x.so', TOKEN: '', PWD: '/srv' });
    expect(event.container.labels).toEqual({ 'com.example/api-token': X, tier: 'web' });
  });
});

describe('what events share', () => {
  it('is not changed: the arguments of an image are those of its exec, its end and its children', () => {
    const enricher = newEnricher();
    const events = eventsOf(
      enricher,
      fork(1, 1, 100),
      exec(2, 100, capture({ argv: ['mysql', '-phunter2'], startMs: 1 })),
      fork(3, 100, 101),
      exec(4, 101, capture({ pid: 101, ppid: 100, argv: ['ls'], startMs: 3 })),
      exit(5, 100),
    );
    const shared = events[1]?.process.args;
    const before = [...(shared ?? [])];
    const redactor = newRedactor();
    for (const event of events) apply(event, redactor);
    expect(shared).toEqual(before);
    expect(events.map(({ process }) => process.args)).toEqual([null, ['mysql', `-p${X}`], null, ['ls'], ['mysql', `-p${X}`]]);
    expect(events[3]?.parent?.args).toEqual(['mysql', `-p${X}`]);
    expect(redactor.counters).toEqual({ events: 3, secrets: 3 });
  });

  it('is searched once for each image', () => {
    const redactor = createRedactor({ defaults: true, patterns: [] }, null);
    const argv = vi.spyOn(redactor, 'argv');
    const events = new EventRedactor(redactor);
    const args = ['mysql', '-phunter2'];
    const made = Array.from({ length: 5 }, () => execEvent(['x']));
    for (const event of made) {
      event.process.args = args;
      apply(event, events);
    }
    expect(argv).toHaveBeenCalledTimes(1);
    expect(new Set(made.map(({ process }) => process.args)).size).toBe(1);
  });

  it('a container is replaced, once for all its events, and counted in each', () => {
    const container: Container = { ...(fullEvent('plain').container as Container), labels: { token: 'abc' } };
    const redactor = newRedactor();
    const made = [execEvent(['x']), execEvent(['y'])].map((event) => apply(Object.assign(event, { container }), redactor));
    expect(container.labels).toEqual({ token: 'abc' });
    expect(made[0]?.container).toEqual({ ...container, labels: { token: X } });
    expect(made[1]?.container).toBe(made[0]?.container);
    expect(made.map(({ privacy }) => privacy?.redacted)).toEqual([1, 1]);
  });

  it('bytes that come after the arguments were searched without them are masked too', () => {
    const args = ['mysql', '-phunter2', '\ufffd'];
    const child = execEvent(['ls']);
    child.parent = { ...(fullEvent('plain').parent as NonNullable<ProcessEvent['parent']>), args };
    const own = execEvent(['x']);
    Object.assign(own.process, { args, args_raw: Buffer.from('mysql\0-phunter2\0\xff\0', 'latin1') });
    const redactor = newRedactor();
    apply(child, redactor);
    expect(Buffer.from(apply(own, redactor).process.args_raw ?? []).toString('latin1')).toBe(`mysql\0-p${X}\0\xff\0`);
  });
});

describe('the HMAC', () => {
  it('has a key that nobody can try', () => {
    expect(() => newRedactor(Buffer.alloc(15))).toThrow('the key of the HMAC has 15 bytes, at least 16 are needed');
    expect(() => newRedactor(Buffer.alloc(16))).not.toThrow();
  });

  const hmacOf = (bytes: string): Buffer => createHmac('sha256', KEY).update(bytes, 'latin1').digest();

  it('is that of the original arguments, joined by NUL, where something was masked', () => {
    const event = apply(execEvent(['mysql', '-phunter2', '']), newRedactor(KEY));
    expect(event.privacy?.args_hmac).toEqual(hmacOf('mysql\0-phunter2\0'));
    expect(apply(execEvent(['ls']), newRedactor(KEY)).privacy).toBeNull();
  });

  it('is that of the bytes where the arguments are no text', () => {
    const made = execEvent(['x']);
    Object.assign(made.process, { args: ['mysql', '-p\ufffd1'], args_raw: Buffer.from('mysql\0-p\xff1\0', 'latin1') });
    expect(apply(made, newRedactor(KEY)).privacy?.args_hmac).toEqual(hmacOf('mysql\0-p\xff1'));
  });

  it('is not given for the secrets of others: of a parent, a path', () => {
    const event = execEvent(['ls']);
    event.process.cwd = SECRET;
    expect(apply(event, newRedactor(KEY)).privacy).toEqual({ redacted: 1, args_hmac: null });
  });
});

it('the key of a THROTTLE is masked, other events of the agent stay', () => {
  const throttle = { key: SECRET, count: 1, from_time: 0, to_time: 0, by_kind: {} };
  const redactor = newRedactor();
  const made = redactor.apply({ stream: 'agent', event: { throttle } as AgentEvent });
  expect(made.event).toEqual({ throttle: { ...throttle, key: `postgres://bob:${X}@db/x` } });
  expect(redactor.apply({ stream: 'agent', event: { throttle: null, stop: { reason: SECRET } } as AgentEvent }).event).toMatchObject({
    stop: { reason: SECRET },
  });
});

it('arguments behind a cut are masked where they may be the value of one that was cut out', () => {
  const redactor = createRedactor({ defaults: true, patterns: [] }, null);
  const argv = (args: readonly string[], cutBefore: number) =>
    redactor.argv(args, null, { exe: null, truncated: true, cutBefore })?.args ?? args;
  expect(argv(['app', 'a', 'hunter2', 'b'], 2)).toEqual(['app', 'a', X, 'b']);
  expect(argv(['app', 'a', '--verbose', 'b'], 2)).toEqual(['app', 'a', '--verbose', 'b']);
});

it('what a cut left of a secret is masked, though it is too short to be one', () => {
  const redactor = createRedactor({ defaults: true, patterns: [] }, null);
  const last = (text: string, truncated: boolean) => redactor.argv(['app', text], null, { exe: null, truncated })?.args[1] ?? text;
  expect([last('ghp_abc', true), last('ghp_abc', false)]).toEqual([X, 'ghp_abc']);
  expect([last('postgres://bob:hunt', true), last('postgres://bob:hunt', false)]).toEqual([`postgres://bob:${X}`, 'postgres://bob:hunt']);
  const facts = { exe: null, truncated: true, cutBefore: 2 };
  expect(redactor.argv(['app', 'x'.repeat(20) + ' ghp_abc', '--verbose', 'ghp_def', 'b'], null, facts)?.args).toEqual([
    'app',
    `${'x'.repeat(20)} ${X}`,
    '--verbose',
    'ghp_def',
    'b',
  ]);
});

it('a byte that is a space in Latin-1 only ends no secret in the bytes', () => {
  const raw = Buffer.from('app\0{"password":hunter\xa0two}\0\xff\0', 'latin1');
  const redactor = createRedactor({ defaults: true, patterns: [] }, null);
  const masked = redactor.argv(['app', '{"password":hunter\ufffdtwo}', '\ufffd'], raw, { exe: null, truncated: false });
  expect(masked?.raw).toEqual(Buffer.from(`app\0{"password":${X}}\0\xff\0`, 'latin1'));
});
