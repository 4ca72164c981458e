import { readFileSync } from 'node:fs';
import type { ProcessEvent } from '../../../../src/core/event.ts';

/** A schema as it stands in the file; names refer to what was defined before. */
type Schema = string | readonly Schema[] | { readonly type: Schema; readonly [key: string]: unknown };
interface Named {
  readonly name: string;
  readonly fields?: readonly { readonly name: string; readonly type: Schema }[];
  readonly items?: Schema;
  readonly values?: Schema;
  readonly symbols?: readonly string[];
}

const PATH = new URL('../../../../schemas/ProcessEvent.v1.avsc', import.meta.url);
const SAMPLES: Readonly<Record<string, unknown>> = { boolean: false, int: 1, long: 1, double: 1, float: 1, bytes: null };

/** An event with every field of the schema, in which each text is `text` and each map has one entry, `name`. */
export function fullEvent(text: string): ProcessEvent {
  const defined = new Map<string, Schema>();
  const sample = (schema: Schema): unknown => {
    if (typeof schema === 'string') {
      const definition = defined.get(schema);
      if (definition !== undefined) return sample(definition);
      return schema === 'string' ? text : SAMPLES[schema];
    }
    if (Array.isArray(schema)) return sample(schema.find((one: Schema) => one !== 'null') as Schema);
    const { type } = schema as { type: Schema };
    const named = schema as unknown as Named;
    if (named.name !== undefined) defined.set(named.name, schema);
    if (type === 'record') return Object.fromEntries((named.fields ?? []).map((field) => [field.name, sample(field.type)]));
    if (type === 'array') return [sample(named.items as Schema)];
    if (type === 'map') return { name: sample(named.values as Schema) };
    if (type === 'enum') return named.symbols?.[0];
    return type === 'fixed' ? Buffer.alloc(16) : sample(type);
  };
  return { ...(sample(JSON.parse(readFileSync(PATH, 'utf8')) as Schema) as ProcessEvent), privacy: null };
}

/** Where in the event a text stands: `process.args.0`. */
export function pathsOf(value: unknown, wanted: (text: string) => boolean, path = ''): string[] {
  if (typeof value === 'string') return wanted(value) ? [path] : [];
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return [];
  return Object.entries(value).flatMap(([key, child]) => pathsOf(child, wanted, path === '' ? key : `${path}.${key}`));
}
