import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AGENT_KINDS } from '../../../../src/core/agent-event.ts';
import { PROCESS_KINDS } from '../../../../src/core/event.ts';
import type { AgentEvent, AgentGap } from '../../../../src/core/agent-event.ts';
import type { AnyEvent } from '../../../../src/core/any-event.ts';
import type { ProcessEvent } from '../../../../src/core/event.ts';
import { escapeText } from '../../../../src/core/text.ts';
import { createLineEncoder } from '../../../../src/encode/text/line.ts';
import { agentEvents, processEvents } from '../arbitraries.ts';
import { fullAgentEvent, fullProcessEvent, ledger } from '../full-samples.ts';
import { asAgent, asProcess, execEvent, exitEvent, forkEvent } from '../samples.ts';

const GAP = fullAgentEvent.gap as AgentGap;

const lineOf = (any: AnyEvent, colour = false): string => Buffer.from(createLineEncoder({ colour }).encode(any).bytes).toString();

/** What follows time, kind, pid and user. */
const said = (any: AnyEvent): string =>
  lineOf(any)
    .replace(/^\S+ +\S+ +\S+ +\S+ +/, '')
    .trimEnd();
const process = (part: Partial<ProcessEvent>): string => said(asProcess({ ...forkEvent, ...part }));
const agent = (part: Partial<AgentEvent>): string => said(asAgent({ ...fullAgentEvent, ...part }));
const info = (part: Partial<ProcessEvent['process']>): ProcessEvent['process'] => ({ ...execEvent.process, ...part });
const exit = { code: 0, signal: null, signal_name: null, core_dumped: false, duration_us: null, usage: null };

describe('the line of an event', () => {
  it('begins with local time, kind, pid and user', () => {
    const time = new Date(2026, 0, 31, 7, 8, 9, 12).getTime() * 1000 + 999;
    expect(lineOf(asProcess({ ...execEvent, time }))).toBe('07:08:09.012 EXEC         24020 ana      ls --color=auto -l /var/log/nginx\n');
  });

  it('keeps room for what matters where columns are few, asked anew for every line', () => {
    const time = new Date(2026, 0, 31, 7, 8, 9, 12).getTime() * 1000 + 999;
    let narrow = true;
    const encoder = createLineEncoder({ narrow: () => narrow });
    const text = (any: AnyEvent): string => Buffer.from(encoder.encode(any).bytes).toString();
    expect(text(asProcess({ ...execEvent, time }))).toBe('07:08:09 EXEC  24020 ls --color=auto -l /var/log/nginx\n');
    expect(text(asAgent({ ...fullAgentEvent, time, kind: 'STOP' }))).toMatch(/^07:08:09 STOP {2}- stopped/);
    narrow = false;
    expect(text(asProcess({ ...execEvent, time }))).toContain(' EXEC         24020 ana      ls');
  });

  it('has the uid where the user has no name, and nothing where there is no process', () => {
    expect(lineOf(asProcess({ ...execEvent, process: info({ user: null, uid: 65_534 }) }))).toContain(' 24020 65534    ls');
    expect(lineOf(asProcess({ ...execEvent, process: info({ user: null, uid: null }) }))).toContain(' 24020 ?        ls');
    expect(lineOf(asAgent({ ...fullAgentEvent, kind: 'STOP' }))).toContain(' STOP             - -        stopped');
  });

  it('ends with the container, by a short name or its short id', () => {
    const { container } = fullProcessEvent;
    const ending = (name: string | null) =>
      process({ kind: 'EXEC', process: execEvent.process, container: container === null ? null : { ...container, name } })
        .split('  ')
        .at(-1);
    expect([null, 'web', 'w\x1b[2Jeb', 'a-name-that-is-longer-than-24'].map(ending)).toEqual([
      '[cccccccccccc]',
      '[web]',
      expect.not.stringContaining('\x1b'),
      '[cccccccccccc]',
    ]);
  });
});

describe('what a line says of a process', () => {
  const cases: [string, Partial<ProcessEvent>, string][] = [
    ['a fork', {}, 'bash[23979] -> bash[24020]'],
    ['a thread', { process: info({ name: 'java', tid: 24_021 }), fork: { is_thread: true } }, 'java[24020] -> thread 24021'],
    ['a command', { kind: 'EXEC', process: info({ args: ['sh', '-c', "echo 'a b' $X", ''] }) }, "sh -c 'echo '\\''a b'\\'' $X' ''"],
    [
      'a cut command',
      { kind: 'EXEC', process: info({ args: ['x'], args_truncated: true, args_bytes: 99_999 }) },
      'x ... (99999 bytes in all)',
    ],
    ['a command whose arguments are missing', { kind: 'EXEC', process: info({ args: null }) }, 'ls (arguments could not be read)'],
    ['a command with no arguments at all', { kind: 'EXEC', process: info({ args: [] }) }, '/usr/bin/ls'],
    ['a snapshot', { kind: 'SNAPSHOT', process: info({ args: ['init'] }) }, 'init'],
    ['a good end', { kind: 'EXIT', exit: { ...exit, duration_us: 1_234_567 } }, 'bash exited 0 after 1.23s'],
    ['a bad end', { kind: 'EXIT', exit: { ...exit, code: 137 } }, 'bash exited 137'],
    [
      'a death',
      { kind: 'EXIT', exit: { ...exit, code: null, signal: 11, signal_name: 'SIGSEGV', core_dumped: true, duration_us: 90_000_000 } },
      'bash killed by SIGSEGV, core dumped after 1m30s',
    ],
    ['an end that nobody saw', { kind: 'EXIT', exit: { ...exit, code: null } }, 'bash ended unseen'],
    ['a death by a nameless signal', { kind: 'EXIT', exit: { ...exit, code: null, signal: 35 } }, 'bash killed by signal 35'],
    ['the end of a thread', { kind: 'EXIT', process: info({ tid: 7 }), exit }, 'ls thread 7 exited 0'],
    [
      'new user ids',
      { kind: 'UID', ids: { old_real: 1000, old_effective: 1000, new_real: 1000, new_effective: 0, escalation: true } },
      'bash uid 1000 -> 1000, euid 1000 -> 0  ESCALATION',
    ],
    [
      'new group ids',
      { kind: 'GID', ids: { old_real: null, old_effective: null, new_real: 5, new_effective: 6, escalation: false } },
      'bash gid ? -> 5, egid ? -> 6',
    ],
    ['a session', { kind: 'SID', process: info({ sid: 24_020 }) }, 'ls leads session 24020'],
    ['a tracer', { kind: 'PTRACE', ptrace: { tracer_pid: 99, tracer_entity_id: null, attach: true } }, 'bash is traced by 99'],
    [
      'the end of tracing',
      { kind: 'PTRACE', ptrace: { tracer_pid: 0, tracer_entity_id: null, attach: false } },
      'bash is no longer traced',
    ],
    ['a new name', { kind: 'COMM', comm: { old: null, new: 'worker\t1' } }, '? -> worker\\t1'],
    ['a core dump', { kind: 'COREDUMP', coredump: { signal: 6 } }, 'bash dumps core (SIGABRT)'],
  ];
  it.each(cases)('is right for %s', (_name, part, text) => {
    expect(process(part)).toBe(text);
  });
});

describe('what a line says of the agent', () => {
  const cases: [string, Partial<AgentEvent>, string | RegExp][] = [
    ['a start', { kind: 'START' }, 'forkcast 0.1.0 hears proc_connector; to disk; without audit (CAP_AUDIT_READ is missing)'],
    ['a snapshot', { kind: 'SNAPSHOT' }, 'snapshot of running processes after a loss, end: 312'],
    [
      'the snapshot at the start',
      { kind: 'SNAPSHOT', snapshot: { phase: 'BEGIN', processes: 0, purpose: 'start' } },
      'snapshot of running processes, begin: 0',
    ],
    [
      'a snapshot for reasons of a newer version',
      { kind: 'SNAPSHOT', snapshot: { phase: 'END', processes: 7, purpose: 'mo\u001bre' } },
      'snapshot of running processes (mo\\x1bre), end: 7',
    ],
    ['a loss', { kind: 'GAP' }, /^120 events lost on CPU 1 between \d\d:\d\d:00\.000 and \d\d:\d\d:00\.500: the receive buffer was full$/],
    [
      'a loss of which a part was told before',
      { kind: 'GAP', gap: { ...GAP, count: 20 } },
      /^20 events lost on CPU 1 between \S+ and \S+, besides 100 counted before: the receive buffer was full$/,
    ],
    [
      'the place of a loss that was told before',
      { kind: 'GAP', gap: { ...GAP, count: 0 } },
      /^of the events lost before, 120 were on CPU 1 between \S+ and \S+$/,
    ],
    [
      'a loss without a place',
      { kind: 'GAP', gap: { ...GAP, reason: 'tail', cpu: null, from_seq: null, to_seq: null } },
      /^120 events lost between \S+ and \S+: the receive buffer was full$/,
    ],
    [
      'a time without subscription',
      { kind: 'GAP', gap: { ...GAP, reason: 'blind', cpu: null, from_seq: null, to_seq: null, count: 0, exact: false } },
      /^nothing was heard between \S+ and \S+: what happened then is not known$/,
    ],
    [
      'a loss for reasons of a newer version',
      { kind: 'GAP', gap: { ...GAP, reason: 'mo\u001bre', exact: false } },
      /^at least 120 events lost on CPU 1 between \S+ and \S+: mo\\x1bre$/,
    ],
    [
      'a checkpoint',
      { kind: 'CHECKPOINT' },
      'checkpoint 3 of sink 00010203-0405-8607-8809-0a0b0c0d0014: 101 to 200, 90 accepted, 4 filtered, 6 dropped (queue_full)',
    ],
    ['a throttle', { kind: 'THROTTLE' }, /^5000 events summed up between .*: exe=\/bin\/true$/],
    ['a canary', { kind: 'CANARY' }, 'canary came through after 12.3ms'],
    ['a refused reload', { kind: 'RELOAD' }, 'configuration refused, the old one stays: sinks.siem.brokers: missing'],
    [
      'a stop',
      { kind: 'STOP', stop: { reason: 'signal', clean: true, upstream: ledger } },
      'stopped cleanly (signal): 1000 heard, 3 lost, 1094 sequenced',
    ],
    [
      'a stop after an error',
      { kind: 'STOP', stop: { reason: 'x.fcrec is damaged', clean: false, upstream: ledger } },
      'stopped after an error (x.fcrec is damaged): 1000 heard, 3 lost, 1094 sequenced',
    ],
  ];
  it.each(cases)('is right for %s', (_name, part, text) => {
    expect(agent(part)).toMatch(text);
  });
});

describe('a line', () => {
  const coloured = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');

  it('holds nothing that a terminal would obey, whatever the event says', () => {
    const evil = '\u001b]0;x\u0007\u009b2J\u202e\n\r\u2028\ufeff\ud800';
    const spoil = (value: unknown): unknown => {
      if (typeof value === 'string') return value + evil;
      if (Array.isArray(value)) return value.map(spoil);
      if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, key === 'kind' || key === 'phase' ? item : spoil(item)]));
    };
    const lines = [
      ...PROCESS_KINDS.map((kind) =>
        lineOf(asProcess(spoil({ ...fullProcessEvent, kind, fork: { is_thread: kind === 'UNKNOWN' } }) as ProcessEvent)),
      ),
      ...AGENT_KINDS.map((kind) => lineOf(asAgent(spoil({ ...fullAgentEvent, kind }) as AgentEvent))),
    ];
    for (const line of lines) expect(escapeText(line.slice(0, -1))).toBe(line.slice(0, -1));
  });

  it('is one line for any event, coloured or not', () => {
    fc.assert(
      fc.property(fc.oneof(processEvents.map(asProcess), agentEvents.map(asAgent)), fc.boolean(), (any, colour) => {
        const line = lineOf(any, colour);
        const bare = line.replaceAll(coloured, '');
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(escapeText(bare.slice(0, -1))).toBe(bare.slice(0, -1));
      }),
      { numRuns: 200 },
    );
  });

  it('says the same in colour, and ends each colour it begins', () => {
    for (const any of [
      ...PROCESS_KINDS.map((kind) => asProcess({ ...fullProcessEvent, kind })),
      ...AGENT_KINDS.map((kind) => asAgent({ ...fullAgentEvent, kind })),
    ]) {
      const line = lineOf(any, true);
      const codes = line.match(coloured) ?? [];
      expect(line.replaceAll(coloured, '')).toBe(lineOf(any));
      expect(codes.length).toBeGreaterThan(0);
      expect(codes.filter((code) => code.endsWith('[0m')).length).toBe(codes.length / 2);
    }
  });

  it('is labelled like every encoding', () => {
    expect(createLineEncoder().encode(asProcess(exitEvent))).toMatchObject({
      stream: 'process',
      kind: 'EXIT',
      sequence: 70_003,
      timeUs: exitEvent.time,
    });
  });
});
