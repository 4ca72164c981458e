import { expect, it } from 'vitest';
import type { AnyEvent } from '../../../src/core/any-event.ts';
import { createEnricher } from '../../../src/enrich/enricher.ts';
import type { EnrichConfig, Enricher } from '../../../src/enrich/enricher.ts';
import { createRedactor } from '../../../src/enrich/redact/redactor.ts';
import type { KernelKind } from '../../../src/core/kernel-event.ts';
import { BOOT_OFFSET_NS, IDENTITY, USERS, allOf, capture, exec, exit, fork, snapshot } from './fixtures.ts';

const KINDS: ReadonlySet<KernelKind> = new Set(['FORK', 'EXEC', 'EXIT']);

function enricher(config: Partial<EnrichConfig> = {}): Enricher {
  return createEnricher(
    { maxProcesses: 100, exitTtlMs: 1000, maxArgsBytes: 4096, ancestors: 2, threads: false, kinds: KINDS, ...config },
    {
      identity: IDENTITY,
      users: USERS,
      clock: { nowUs: () => 0, monotonicNs: () => 0 },
      bootOffsetNs: () => BOOT_OFFSET_NS,
      redactor: createRedactor({ defaults: true, patterns: [] }, null),
    },
  );
}

const MYSQL = { pid: 60, ppid: 50, comm: 'mysql', exe: '/usr/bin/mysql', argv: ['mysql', '--password=hunter2', 'db'], startMs: 1000 };

it('no secret leaves enrichment: not with the exec, not with what forks from it or ends', () => {
  const one = enricher();
  const made = allOf(
    one,
    fork(1000, 50, 60),
    exec(1001, 60, capture(MYSQL)),
    fork(1002, 60, 70),
    exec(1003, 70, capture({ pid: 70, ppid: 60, startMs: 1002 })),
    exit(1004, 60),
  );
  expect(made).toHaveLength(5);
  expect(JSON.stringify(made)).not.toContain('hunter2');
  const ofExec = made[1]?.event as Extract<AnyEvent, { stream: 'process' }>['event'];
  expect(ofExec.process.args).toEqual(['mysql', '--password=[redacted]', 'db']);
  expect(ofExec.privacy?.redacted).toBe(1);
});

it('a snapshot passes it as well', () => {
  expect(JSON.stringify(allOf(enricher(), snapshot(500, 60, capture(MYSQL))))).not.toContain('hunter2');
});

it('a filter leaves out what it names, and the books know', () => {
  const one = enricher({ filter: [{ action: 'exclude', when: { exe: ['/usr/bin/mysql'] } }] });
  const made = allOf(one, fork(1000, 50, 60), exec(1001, 60, capture(MYSQL)), exit(1004, 60));
  expect(made.map(({ event }) => event.kind)).toEqual(['FORK']);
  expect(one.counters.emitted).toBe(3);
  expect(one.withheld).toEqual({ filtered: 2, throttled: 0 });
});

it('a throttle tells when it is asked what is due, also where nothing more is heard', () => {
  const one = enricher({ throttle: { by: 'exe', rate: 1, burst: 2, reportEveryMs: 10_000 } });
  expect(one.dueNs).toBe(Number.POSITIVE_INFINITY);
  allOf(one, ...[1, 2, 3, 4, 5].map((n) => fork(1000 + n, 50, 100 + n)));
  expect(one.dueNs).toBe(11_003e6);
  const told: AnyEvent[] = [];
  one.tell(11_002e6, (event) => told.push(event));
  expect(told).toEqual([]);
  one.tell(11_003e6, (event) => told.push(event));
  expect(told.map(({ stream, event }) => stream === 'agent' && event.throttle?.count)).toEqual([3]);
  expect(one.dueNs).toBe(Number.POSITIVE_INFINITY);
});

it('a throttle counts what is too much, and tells at the end what it has not told', () => {
  const one = enricher({ throttle: { by: 'exe', rate: 1, burst: 2, reportEveryMs: 10_000 } });
  const made = allOf(one, ...[1, 2, 3, 4, 5].map((n) => fork(1000 + n, 50, 100 + n)));
  expect(made).toHaveLength(2);
  expect(one.withheld).toEqual({ filtered: 0, throttled: 3 });
  const last: AnyEvent[] = [];
  one.end((event) => last.push(event));
  expect(last.map(({ stream, event }) => stream === 'agent' && event.throttle?.count)).toEqual([3]);
});

it('goes on with another filter and throttle: what was withheld stays in the books, and what was counted is told', () => {
  const one = enricher({ throttle: { by: 'exe', rate: 1, burst: 2, reportEveryMs: 10_000 } });
  allOf(one, ...[1, 2, 3, 4, 5].map((n) => fork(1000 + n, 50, 100 + n)));
  const told: AnyEvent[] = [];
  const emit = (event: AnyEvent): void => void told.push(event);
  one.regulate({ filter: [{ action: 'exclude', when: { kind: ['FORK'] } }], throttle: undefined }, emit);
  expect(allOf(one, fork(2000, 50, 200))).toEqual([]);
  expect([told, one.withheld]).toEqual([[], { filtered: 1, throttled: 3 }]);
  one.regulate({ filter: [], throttle: null }, emit);
  expect(told.map(({ stream, event }) => stream === 'agent' && event.throttle?.count)).toEqual([3]);
  expect(allOf(one, ...[1, 2, 3, 4].map((n) => fork(3000 + n, 50, 300 + n)))).toHaveLength(4);
  expect(one.withheld).toEqual({ filtered: 1, throttled: 3 });
  one.end(emit);
  expect(told).toHaveLength(1);
});
