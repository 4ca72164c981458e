import * as fc from 'fast-check';
import type { AgentEvent } from '../../../src/core/agent-event.ts';
import type { ProcessEvent } from '../../../src/core/event.ts';
import { publishedSchema } from '../../../src/encode/avro/schemas.ts';

/** Arbitrary events, made from the schemas. */
type Named = Map<string, fc.Arbitrary<unknown>>;
interface Definition {
  type: string;
  name: string;
  size: number;
  symbols: string[];
  items: unknown;
  values: unknown;
  fields: { name: string; type: unknown }[];
}

/** Well-formed: what a lone surrogate becomes is a test of its own. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.string({ unit: 'binary', maxLength: 20 }).map((s) => s.toWellFormed()),
  fc.string({ minLength: 40, maxLength: 80 }),
);
const long = fc.oneof(
  fc.integer({ min: -100, max: 300 }),
  fc.integer(),
  fc.maxSafeNat().map((n) => Math.min(n, 2 ** 53 - 2)),
  fc.constantFrom(2 ** 30 - 1, 2 ** 30, -(2 ** 30), -(2 ** 30) - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 2, -(2 ** 52)),
);
const bytes = (size: { minLength: number; maxLength: number }): fc.Arbitrary<Buffer> => fc.uint8Array(size).map((a) => Buffer.from(a));

const PRIMITIVES: Record<string, fc.Arbitrary<unknown>> = {
  boolean: fc.boolean(),
  int: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer()),
  long,
  string: text,
  bytes: bytes({ minLength: 0, maxLength: 80 }),
};

function arbitrary(schema: unknown, named: Named): fc.Arbitrary<unknown> {
  if (Array.isArray(schema)) {
    const inner = arbitrary(schema[1], named);
    return fc.option(inner, { nil: null });
  }
  if (typeof schema === 'string') return PRIMITIVES[schema] ?? (named.get(schema) as fc.Arbitrary<unknown>);
  const definition = schema as Definition;
  const made = defined(definition, named);
  if (definition.name !== undefined) named.set(definition.name, made);
  return made;
}

function defined(schema: Definition, named: Named): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'record':
      return fc.record(Object.fromEntries(schema.fields.map((field) => [field.name, arbitrary(field.type, named)])), {
        noNullPrototype: true,
      });
    case 'enum':
      return fc.constantFrom(...schema.symbols);
    case 'fixed':
      return bytes({ minLength: schema.size, maxLength: schema.size });
    case 'array':
      return fc.array(arbitrary(schema.items, named), { maxLength: 5 });
    case 'map':
      return fc.dictionary(
        text.filter((key) => key !== '__proto__'),
        arbitrary(schema.values, named),
        { maxKeys: 4, noNullPrototype: true },
      );
    default:
      return arbitrary(schema.type, named);
  }
}

export const processEvents = arbitrary(publishedSchema('process').json, new Map()) as fc.Arbitrary<ProcessEvent>;
export const agentEvents = arbitrary(publishedSchema('agent').json, new Map()) as fc.Arbitrary<AgentEvent>;
