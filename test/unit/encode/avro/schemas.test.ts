import { describe, expect, it } from 'vitest';
import { AGENT_KINDS, type AgentEvent } from '../../../../src/core/agent-event.ts';
import { MARKS, PROCESS_KINDS, PROVENANCES, type ProcessEvent } from '../../../../src/core/event.ts';
import { publishedSchema } from '../../../../src/encode/avro/schemas.ts';
import { avroType } from '../../../../src/encode/avro/types.ts';
import { fullAgentEvent, fullProcessEvent } from '../full-samples.ts';
import type { AgentEventOfSchema, ProcessEventOfSchema } from './generated/schema-types.ts';

interface Node {
  type: string;
  name?: string;
  default?: unknown;
  doc?: string;
  symbols?: string[];
  items?: unknown;
  values?: unknown;
  fields?: Field[];
  logicalType?: string;
}
interface Field {
  name: string;
  type: unknown;
  doc?: string;
  default?: unknown;
}

/** Each schema with its named types looked up, and a walk over every field. */
function definitions(schema: unknown, found = new Map<string, Node>()): Map<string, Node> {
  if (Array.isArray(schema)) schema.forEach((branch) => definitions(branch, found));
  else if (typeof schema === 'object' && schema !== null) {
    const node = schema as Node;
    if (node.name !== undefined) found.set(node.name, node);
    [node.items, node.values, ...(node.fields ?? []).map((field) => field.type)].forEach((part) => definitions(part, found));
  }
  return found;
}

const inner = (type: unknown): unknown => (Array.isArray(type) ? type[1] : type);

/** What the sample has against what the schema has, by path: the compiler holds the samples to the interfaces, this holds them to the schemas. */
function differences(value: unknown, type: unknown, context: { path: string; named: Map<string, Node> }): string[] {
  const { path, named } = context;
  const resolved = inner(type);
  const node = typeof resolved === 'string' ? named.get(resolved) : (resolved as Node);
  if (value === null) return [`${path}: the sample must be full`];
  if (node?.type === 'array')
    return (value as unknown[]).flatMap((item, i) => differences(item, node.items, { path: `${path}.${i}`, named }));
  if (node?.type !== 'record') return [];
  const fields = node.fields ?? [];
  const keys = Object.keys(value as object).join(' ');
  const names = fields.map((field) => field.name).join(' ');
  if (keys !== names) return [`${path}: interface has ${keys}; schema has ${names}`];
  return fields.flatMap((field) =>
    differences((value as Record<string, unknown>)[field.name], field.type, { path: `${path}.${field.name}`, named }),
  );
}

describe.each([
  { stream: 'process' as const, full: fullProcessEvent },
  { stream: 'agent' as const, full: fullAgentEvent },
])('the $stream schema', ({ stream, full }) => {
  const { json, fullName } = publishedSchema(stream);
  const named = definitions(json);
  const fields = [...named.values()].flatMap((node) =>
    (node.fields ?? []).map((field) => ({ type: field.type, default: field.default, doc: field.doc, path: `${node.name}.${field.name}` })),
  );

  it('has the fields of the interface, name for name and in its order', () => {
    expect(differences(full, json, { path: fullName, named })).toEqual([]);
  });

  it('carries a full event there and back', () => {
    const type = avroType(json);
    expect(JSON.parse(JSON.stringify(type.fromBuffer(type.toBuffer(full))))).toEqual(JSON.parse(JSON.stringify(full)));
  });

  it('explains every field', () => {
    expect(fields.filter((field) => (field.doc ?? '').length < 5).map((field) => field.path)).toEqual([]);
  });

  it('gives nullable fields the default null, and says when they are null', () => {
    const nullable = fields.filter((field) => Array.isArray(field.type));
    expect(nullable.filter((field) => (field.type as unknown[])[0] !== 'null' || field.default !== null)).toEqual([]);
    expect(nullable.filter((field) => !/\bnull\b/.test(field.doc ?? '')).map((field) => field.path)).toEqual([]);
  });

  it('names the unit of what has one', () => {
    const units: [RegExp, RegExp][] = [
      [/_us$/, /microseconds/i],
      [/_kib$/, /KiB/],
      [/_bytes$/, /bytes/i],
      [/^(time|start_time|mtime|from_time|to_time)$/, /microseconds/],
    ];
    const without = fields.filter(({ path, doc }) =>
      units.some(([name, unit]) => name.test(path.split('.').at(-1) ?? '') && !unit.test(doc ?? '')),
    );
    expect(without.map(({ path }) => path)).toEqual([]);
  });

  it('marks every epoch time and every uuid', () => {
    const times = fields.filter((field) => /since the epoch/.test(field.doc ?? ''));
    expect(times.length).toBeGreaterThan(2);
    expect(times.filter((field) => (inner(field.type) as Node).logicalType !== 'timestamp-micros')).toEqual([]);
    expect(named.get('Uuid')).toMatchObject({ type: 'fixed', size: 16, logicalType: 'uuid' });
  });

  it('lets readers of older versions survive new symbols', () => {
    const enums = [...named.values()].filter((node) => node.type === 'enum');
    expect(enums.filter((node) => node.symbols?.[0] !== node.default)).toEqual([]);
  });
});

/** Whether what is listed may change matters to nobody here. */
type Fixed<T> = T extends Uint8Array
  ? T
  : T extends readonly (infer I)[]
    ? readonly Fixed<I>[]
    : T extends object
      ? { readonly [K in keyof T]: Fixed<T[K]> }
      : T;
type Is<A> = <T>() => T extends A ? 1 : 2;
type Same<A, B> = Identical<Fixed<A>, Fixed<B>>;
type Identical<A, B> = Is<A> extends Is<B> ? true : { differ: [A, B] };

it('has the types of the interfaces', () => {
  // The compiler checks it: `true` is no value of a type that is another.
  const same: [Same<ProcessEvent, ProcessEventOfSchema>, Same<AgentEvent, AgentEventOfSchema>] = [true, true];
  expect(same).toEqual([true, true]);
});

it('has the symbols of the interfaces in their order', () => {
  const process = definitions(publishedSchema('process').json);
  expect(process.get('ProcessKind')?.symbols).toEqual(PROCESS_KINDS);
  expect(process.get('ProvenanceKind')?.symbols).toEqual(PROVENANCES);
  expect(process.get('Mark')?.symbols).toEqual(MARKS);
  expect(definitions(publishedSchema('agent').json).get('AgentKind')?.symbols).toEqual(AGENT_KINDS);
});
