import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnyEvent } from '../../../../src/core/any-event.ts';
import { escapeText } from '../../../../src/core/text.ts';
import { publishedSchema } from '../../../../src/encode/avro/schemas.ts';
import { createJsonEncoder } from '../../../../src/encode/text/json.ts';
import { agentEvents, processEvents } from '../arbitraries.ts';
import { fullAgentEvent, fullProcessEvent } from '../full-samples.ts';
import { asAgent, asProcess, execEvent, exitEvent, forkEvent, host, uuid } from '../samples.ts';

const lineOf = (any: AnyEvent, nulls = false): string => Buffer.from(createJsonEncoder({ nulls }).encode(any).bytes).toString();
const parsed = (any: AnyEvent, nulls = false): unknown => JSON.parse(lineOf(any, nulls));

const TIMES = new Set(['time', 'start_time', 'mtime', 'from_time', 'to_time']);
const IDS = /^(host_id|boot_id|agent_id|entity_id|exec_id|sink_id|tracer_entity_id)$/;

/** The same event said in plain JavaScript. */
function expected(value: unknown, key = ''): unknown {
  if (Buffer.isBuffer(value))
    return IDS.test(key) ? value.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : value.toString('base64');
  if (typeof value === 'number' && TIMES.has(key))
    return `${new Date(Math.floor(value / 1000)).toISOString().slice(0, -1)}${String(((value % 1000) + 1000) % 1000).padStart(3, '0')}Z`;
  if (Array.isArray(value)) return value.map((item) => expected(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([name, item]) => [name, expected(item, name)]),
  );
}

describe('events as JSON', () => {
  it.each([asProcess(fullProcessEvent), asProcess(forkEvent), asProcess(execEvent), asProcess(exitEvent), asAgent(fullAgentEvent)])(
    'say what the event says: %#',
    (any) => {
      expect(parsed(any)).toEqual(expected(any.event));
    },
  );

  it('say what any event says', () => {
    // Dates end in the year 275760; map keys that look like ids or times are not.
    const sane = (event: object): boolean => Object.values(event).every((value) => typeof value !== 'number' || Math.abs(value) < 8e15);
    fc.assert(
      fc.property(
        fc.oneof(
          processEvents
            .filter((event) => sane(event) && event.process.start_time === null && event.process.exe_file === null)
            .map(asProcess),
          agentEvents.map((event) => asAgent({ ...event, time: 1, start: null, gap: null, throttle: null })),
        ),
        (any) => {
          expect(parsed(any)).toEqual(expected(any.event));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('are one object each, in the order of the schema and without a line end', () => {
    const line = lineOf(asProcess(fullProcessEvent));
    expect(line).not.toContain('\n');
    expect(Object.keys(JSON.parse(line) as object)).toEqual(publishedSchema('process').json.fields.map((field) => field.name));
  });

  it('show ids as UUIDs, times with microseconds and bytes as base64', () => {
    expect(parsed(asProcess({ ...fullProcessEvent, agent_id: uuid(0xabcd), time: 1_767_225_600_000_007 }))).toMatchObject({
      agent_id: '00010203-0405-8607-8809-0a0b0c0dabcd',
      time: '2026-01-01T00:00:00.000007Z',
      process: { args_raw: 'cP8A/g==' },
    });
  });

  it('keep 64-bit numbers exact', () => {
    expect(lineOf(asProcess({ ...exitEvent, sequence: Number.MAX_SAFE_INTEGER }))).toContain('"sequence":9007199254740991,');
  });

  it('leave null fields out, or have every field when asked', () => {
    expect(lineOf(asProcess(forkEvent))).not.toContain('null');
    const all = parsed(asProcess(forkEvent), true) as { process: object };
    expect(Object.keys(all)).toEqual(Object.keys(forkEvent));
    expect(Object.keys(all.process)).toEqual(Object.keys(forkEvent.process));
  });

  it('hold nothing that a terminal would obey, and lose nothing by it', () => {
    const hostile = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).join('x');
    const line = lineOf(asProcess({ ...execEvent, process: { ...execEvent.process, args: [hostile] } }));
    expect(escapeText(line.slice(0, -1)) === line.slice(0, -1)).toBe(true);
    expect((JSON.parse(line) as typeof execEvent).process.args?.[0] === hostile).toBe(true);
  });

  it('tell hosts apart', () => {
    const encoder = createJsonEncoder();
    const names = ['a', 'b', 'a'].map((hostname) =>
      Buffer.from(encoder.encode(asProcess({ ...exitEvent, host: { ...host, hostname } })).bytes).toString(),
    );
    expect(names.map((line) => (JSON.parse(line) as typeof exitEvent).host.hostname)).toEqual(['a', 'b', 'a']);
  });

  it('are labelled like every encoding', () => {
    expect(createJsonEncoder().encode(asProcess(forkEvent))).toMatchObject({
      stream: 'process',
      kind: 'FORK',
      sequence: 70_001,
      timeUs: forkEvent.time,
    });
  });
});
