import avsc from 'avsc';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AgentThrottle } from '../../../../src/core/agent-event.ts';
import { AgentError } from '../../../../src/core/errors.ts';
import type { AnyEvent } from '../../../../src/core/any-event.ts';
import type { Parent, ProcessEvent } from '../../../../src/core/event.ts';
import { createAvroEncoder } from '../../../../src/encode/avro/binary.ts';
import { publishedSchema } from '../../../../src/encode/avro/schemas.ts';
import { agentEvents, processEvents } from '../arbitraries.ts';
import { fullAgentEvent, fullProcessEvent, ledger } from '../full-samples.ts';
import { asAgent, asProcess, execEvent, exitEvent, forkEvent, host, labelledHost } from '../samples.ts';

/** avsc without any of our types. */
const plain = {
  process: avsc.Type.forSchema(publishedSchema('process').json as never),
  agent: avsc.Type.forSchema(publishedSchema('agent').json as never),
};
const encoder = createAvroEncoder();
const expected = (any: AnyEvent): string => plain[any.stream].toBuffer(any.event).toString('hex');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const withProcess = (process: Partial<ProcessEvent['process']>): AnyEvent =>
  asProcess({ ...execEvent, process: { ...execEvent.process, ...process } });

describe('Avro binary', () => {
  it('is what avsc writes, for any event', () => {
    fc.assert(
      fc.property(
        fc.oneof(processEvents.map(asProcess), agentEvents.map(asAgent)),
        (any) => hex(encoder.encode(any).bytes) === expected(any),
      ),
      { numRuns: 400 },
    );
  });

  it.each([asProcess(fullProcessEvent), asProcess(forkEvent), asProcess(execEvent), asProcess(exitEvent), asAgent(fullAgentEvent)])(
    'is what avsc writes, for sample %#',
    (any) => {
      expect(hex(encoder.encode(any).bytes)).toBe(expected(any));
    },
  );

  it('labels the bytes with what queues and sinks need to know', () => {
    expect(encoder.encode(asProcess(forkEvent))).toMatchObject({
      stream: 'process',
      kind: 'FORK',
      sequence: 70_001,
      timeUs: forkEvent.time,
    });
    expect(encoder.encode(asAgent({ ...fullAgentEvent, kind: 'CHECKPOINT', sequence: null }))).toMatchObject({
      stream: 'agent',
      kind: 'CHECKPOINT',
      sequence: 0,
    });
  });

  it('keeps FORK events near 200 bytes', () => {
    expect(encoder.encode(asProcess({ ...forkEvent, host: { ...host, hostname: 'web-042' } })).bytes.length).toBeLessThanOrEqual(205);
  });

  it('leaves earlier events untouched when a slab is full', () => {
    const events = Array.from({ length: 3000 }, (_, i) =>
      asProcess({ ...forkEvent, sequence: i + 1, process: { ...forkEvent.process, name: `n${i}` } }),
    );
    const encoded = events.map((any) => encoder.encode(any));
    expect(new Set(encoded.map((e) => e.bytes.buffer)).size).toBeGreaterThan(1);
    expect(encoded.findIndex((e, i) => hex(e.bytes) !== expected(events[i] as AnyEvent))).toBe(-1);
  });

  it.each([100_000, 200_000, 300_000, 3_000_000])('takes an event of %d bytes and goes on', (size) => {
    const big = withProcess({ args: ['x'.repeat(size / 2), 'é'.repeat(size / 4)] });
    expect(hex(encoder.encode(big).bytes) === expected(big)).toBe(true);
    expect(hex(encoder.encode(asProcess(exitEvent)).bytes)).toBe(expected(asProcess(exitEvent)));
  });

  it.each<[string, AnyEvent]>([
    ['marks', withProcess({ marks: Array.from({ length: 300_000 }, () => 'ESCALATION' as const) })],
    [
      'ancestors of whom little is known',
      asProcess({
        ...execEvent,
        parent: {
          ...(fullProcessEvent.parent as Parent),
          ancestors: Array.from({ length: 30_000 }, (_, i) => ({ pid: i, entity_id: null, name: null, exe: null })),
        },
      }),
    ],
    ['arguments without a character', withProcess({ args: Array.from({ length: 300_000 }, () => '') })],
    [
      'labels',
      asProcess({
        ...execEvent,
        host: { ...host, labels: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`label-${i}`, ''])) },
      }),
    ],
    [
      'counts',
      asAgent({
        ...fullAgentEvent,
        throttle: {
          ...(fullAgentEvent.throttle as AgentThrottle),
          by_kind: Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`kind ${i}`, i])),
        },
      }),
    ],
  ])('takes any number of %s', (_name, any) => {
    expect(hex(encoder.encode(any).bytes) === expected(any)).toBe(true);
  });

  it('tells hosts apart by identity', () => {
    const hosts = [host, labelledHost, { ...host, hostname: 'third' }, host, labelledHost];
    const events = hosts.map((h) => asProcess({ ...exitEvent, host: h }));
    expect(events.map((any) => hex(encoder.encode(any).bytes))).toEqual(events.map(expected));
  });

  it('writes the framing before each record, also where a slab ends', () => {
    const framed = createAvroEncoder({ process: Buffer.from('aabb', 'hex'), agent: Buffer.from('cc', 'hex') });
    for (let i = 0; i < 3000; i++) expect(hex(framed.encode(asProcess(exitEvent)).bytes)).toBe(`aabb${expected(asProcess(exitEvent))}`);
    expect(hex(framed.encode(asAgent(fullAgentEvent)).bytes)).toBe(`cc${expected(asAgent(fullAgentEvent))}`);
  });

  it('takes a plain Uint8Array for bytes and digests', () => {
    const raw = withProcess({ args_raw: Uint8Array.of(1, 2, 255), exe_sha256: new Uint8Array(32) });
    expect(hex(encoder.encode(raw).bytes)).toBe(
      expected(withProcess({ args_raw: Buffer.from([1, 2, 255]), exe_sha256: Buffer.alloc(32) })),
    );
  });

  it('writes 2^53 - 1, which avsc refuses', () => {
    const bytes = encoder.encode(withProcess({ pid_ns: Number.MAX_SAFE_INTEGER })).bytes;
    // zigzag(2^53 - 1) = 2^54 - 2: 0x7e, then six sevens of ones, then five ones.
    expect(hex(bytes)).toContain(`02feffffffffffff1f`);
  });

  it('replaces lone surrogates as UTF-8 demands', () => {
    const broken = withProcess({ name: 'a\ud800b', cwd: `${'x'.repeat(100)}\udc00` });
    expect(hex(encoder.encode(broken).bytes)).toBe(expected(withProcess({ name: 'a\ufffdb', cwd: `${'x'.repeat(100)}\ufffd` })));
  });
});

describe('an event that does not fit the schema', () => {
  const cases: [string, AnyEvent, string][] = [
    ['a nested nullable', withProcess({ uid: 'root' as never }), 'process.uid is a string, not long'],
    ['an array item', withProcess({ args: ['ls', 3 as never] }), 'process.args.1 is the number 3, not string'],
    ['a number too great', withProcess({ pid_ns: 2 ** 60 }), `process.pid_ns is the number ${2 ** 60}, not long`],
    ['a fraction', withProcess({ pid: 1.5 }), 'process.pid is the number 1.5, not int'],
    ['a short id', asProcess({ ...execEvent, agent_id: Buffer.alloc(3) }), 'agent_id is 3 bytes, not forkcast.v1.Uuid'],
    ['a missing field', asProcess({ ...execEvent, recovered: undefined as never }), 'recovered is undefined, not boolean'],
    ['an unknown kind', asProcess({ ...execEvent, kind: 'NEW' as never }), 'kind is a string, not forkcast.v1.ProcessKind'],
    ['a map value', asProcess({ ...execEvent, host: { ...host, labels: { a: 1 as never } } }), 'host.labels.a is the number 1, not string'],
    [
      'a ledger',
      asAgent({
        ...fullAgentEvent,
        stop: { reason: 'x', clean: true, upstream: { ...ledger, lost: null as never } },
      }),
      'stop.upstream.lost is null, not long',
    ],
  ];

  it.each(cases)('is rejected with the path: %s', (_name, any, message) => {
    const fresh = createAvroEncoder();
    const caught = (() => {
      try {
        fresh.encode(any);
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(caught).toBeInstanceOf(AgentError);
    expect((caught as AgentError).code).toBe('RECORD_UNENCODABLE');
    expect((caught as AgentError).message).toContain(message);
    expect(hex(fresh.encode(asProcess(exitEvent)).bytes)).toBe(expected(asProcess(exitEvent)));
  });
});
