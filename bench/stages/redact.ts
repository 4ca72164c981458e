import type { AnyEvent } from '../../src/core/any-event.ts';
import type { ProcessEvent } from '../../src/core/event.ts';
import { compileFilter } from '../../src/enrich/filter/config.ts';
import { EventFilter } from '../../src/enrich/filter/event-filter.ts';
import { createRunIdentity, newAgentId } from '../../src/enrich/identity.ts';
import { EventRedactor } from '../../src/enrich/redact/event.ts';
import { createRedactor } from '../../src/enrich/redact/redactor.ts';
import { EventThrottle } from '../../src/enrich/throttle/event-throttle.ts';
import { createEnrichBench, enrichedEvents, nextEvents } from '../corpus/enricher.ts';
import { Meter } from '../measurement.ts';
import type { BenchCase, Measurement } from '../measurement.ts';

const PATTERNS = ['acme-[0-9a-f]{32}', '(?i)license[ :=](?P<secret>\\S+)', '\\bcust-[0-9]{6,}\\b'];
const CORPUS_CYCLES = 2000;
const ROUND = 2000;
const WARM_UP_ROUNDS = 30;
const FACTS = { exe: null, truncated: false };

/** What runs on a server, without a secret; an event is a command line. */
const ORDINARY: readonly (readonly string[])[] = [
  ['/usr/sbin/nginx', '-g', 'daemon off;', '-c', '/etc/nginx/nginx.conf'],
  ['node', '--max-old-space-size=512', '/srv/app/server.js', '--port', '8080'],
  ['/usr/lib/gcc/x86_64-linux-gnu/13/cc1', '-quiet', '-imultiarch', 'x86_64-linux-gnu', 'main.c'],
  ['ls', '--color=auto', '-la', '/tmp', '/var'],
  ['/bin/sh', '-c', 'test -e /run/x && exit 0; sleep 5', 'cron', '1'],
  ['postgres:', 'checkpointer', '', '', ''],
  ['/usr/bin/python3', '-m', 'http.server', '--bind', '127.0.0.1'],
  ['grep', '-rn', 'needle', '/srv/haystack', '--include=*.ts'],
];
const SECRET: readonly (readonly string[])[] = [
  ['app', '--password', 'hunter2', '--db', 'postgres://bob:hunter2@db/app'],
  ['bash', '-c', 'curl -H "Authorization: Bearer abcdefgh" https://example.com', 'x', 'y'],
  ['mysql', '-uroot', '-phunter2', '-h', 'db'],
];
/** Of `max_args_bytes`. */
const LONG: readonly (readonly string[])[] = [
  ['gcc', ...Array.from({ length: 800 }, (_, i) => `-I/srv/build/include/module-${i}/generated`)],
];

export const redactCases: readonly BenchCase[] = [
  argvCase('argv, 5 arguments, nothing to mask', ORDINARY),
  argvCase('argv, 5 arguments, secrets', SECRET),
  argvCase('argv of 32 KiB', LONG),
  argvCase('argv, 5 arguments, three patterns', ORDINARY, PATTERNS),
  enrichCase('events, enriched', () => () => undefined),
  enrichCase('events, enriched and redacted', () => {
    const redactor = new EventRedactor(createRedactor({ defaults: true, patterns: [] }, null));
    return (event) => redactor.apply(event);
  }),
  eventCase('events, five filter rules', () => {
    const rules = ['/opt/a*', '*/cron', '/usr/lib/*/x', '/usr/sbin/sshd', '/nowhere'].map((exe) => ({ exclude: { exe, user: 'nobody' } }));
    const filter = new EventFilter(compileFilter(rules), { nameOf: () => null });
    return (event) => filter.admits(event.event as ProcessEvent, undefined);
  }),
  eventCase('events, throttled', () => {
    const identity = createRunIdentity({ agentId: newAgentId(), machineId: null, bootId: newAgentId(), hostname: 'bench', labels: {} });
    const throttle = new EventThrottle({ by: 'cgroup', rate: 500, burst: 2000, reportEveryMs: 10_000 }, identity);
    return (event) => throttle.admits(event.event as ProcessEvent, undefined, () => undefined);
  }),
];

function argvCase(name: string, lines: readonly (readonly string[])[], patterns: readonly string[] = []): BenchCase {
  const measure = (seconds: number): Measurement => {
    const redactor = createRedactor({ defaults: true, patterns }, null);
    return measured(seconds, (i) => redactor.argv(lines[i % lines.length] as readonly string[], null, FACTS));
  };
  return { stage: 'redact', name, measure: (seconds) => Promise.resolve(measure(seconds)) };
}

/** Fresh events of a synthetic host, FORK, EXEC and EXIT in equal parts: what is done is seen from the difference between two of these. */
function enrichCase(name: string, create: () => (event: AnyEvent) => unknown): BenchCase {
  const measure = (seconds: number): Measurement => {
    const { enricher, host } = createEnrichBench();
    const take = create();
    const meter = new Meter();
    for (let round = 0; meter.seconds < seconds; round++) {
      const heard = nextEvents(host, ROUND);
      if (round >= WARM_UP_ROUNDS) meter.start();
      for (const one of heard) enricher.enrich(one, take);
      if (round >= WARM_UP_ROUNDS) meter.stop(ROUND);
    }
    return meter.result();
  };
  return { stage: 'redact', name, measure: (seconds) => Promise.resolve(measure(seconds)) };
}

/** The same events again and again. */
function eventCase(name: string, create: () => (event: AnyEvent) => unknown): BenchCase {
  const measure = (seconds: number): Measurement => {
    const events = enrichedEvents(CORPUS_CYCLES);
    const take = create();
    return measured(seconds, (i) => take(events[i % events.length] as AnyEvent));
  };
  return { stage: 'redact', name, measure: (seconds) => Promise.resolve(measure(seconds)) };
}

function measured(seconds: number, once: (i: number) => unknown): Measurement {
  const meter = new Meter();
  let done = 0;
  const round = (): void => {
    for (let i = 0; i < ROUND; i++) once(done++);
  };
  for (let i = 0; i < WARM_UP_ROUNDS; i++) round();
  while (meter.seconds < seconds) {
    meter.start();
    round();
    meter.stop(ROUND);
  }
  return meter.result();
}
