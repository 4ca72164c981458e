import { describe, expect, it } from 'vitest';
import type { AgentEvent } from '../../../../src/core/agent-event.ts';
import { AGENT_KINDS } from '../../../../src/core/agent-event.ts';
import type { ProcessEvent } from '../../../../src/core/event.ts';
import { PROCESS_KINDS } from '../../../../src/core/event.ts';
import { uuidText } from '../../../../src/core/uuid.ts';
import { publishedSchema } from '../../../../src/encode/avro/schemas.ts';
import { createEcsEncoder } from '../../../../src/encode/ecs/ecs.ts';
import { createOcsfEncoder } from '../../../../src/encode/ocsf/ocsf.ts';
import { OCSF_VERSIONS } from '../../../../src/core/record-formats.ts';
import { capabilityList } from '../../../../src/encode/siem/capability-names.ts';
import { utcTimestamp } from '../../../../src/encode/text/timestamp.ts';
import { asAgent, asProcess } from '../samples.ts';

/** An event whose every field has a value that nothing else has, made from the schema; and how each may be written. */
interface Marked {
  readonly event: Record<string, unknown>;
  readonly marks: { readonly path: string; readonly texts: readonly string[] }[];
}
interface Definition {
  readonly type: string;
  readonly name?: string;
  readonly size?: number;
  readonly logicalType?: string;
  readonly symbols?: readonly string[];
  readonly items?: unknown;
  readonly values?: unknown;
  readonly fields?: readonly { readonly name: string; readonly type: unknown }[];
}

function markedEvent(stream: 'process' | 'agent'): Marked {
  const marks: Marked['marks'] = [];
  const named = new Map<string, Definition>();
  let count = 0;
  const make = (schema: unknown, path: string): unknown => {
    if (Array.isArray(schema)) return make(schema[1], path);
    if (typeof schema === 'string') return named.has(schema) ? make(named.get(schema), path) : primitive(schema, path);
    const definition = schema as Definition;
    if (definition.name !== undefined) named.set(definition.name, definition);
    return made(definition, path);
  };
  const mark = (path: string, ...texts: string[]): void => void marks.push({ path, texts });
  const primitive = (type: string, path: string): unknown => {
    count += 1;
    if (type === 'boolean') return true;
    if (type === 'string') {
      mark(path, `value-${count}.`);
      return `value-${count}.`;
    }
    if (type === 'bytes') return made({ type: 'fixed', size: 9 }, path);
    const number = 700_000_000 + count * 10_007;
    mark(path, String(number), capabilityList(number));
    return number;
  };
  const made = (definition: Definition, path: string): unknown => {
    count += 1;
    switch (definition.type) {
      case 'record':
        return Object.fromEntries((definition.fields ?? []).map(({ name, type }) => [name, make(type, `${path}.${name}`)]));
      case 'array':
        return [make(definition.items, path)];
      case 'map':
        mark(`${path} key`, `key-${count}`);
        return { [`key-${count}`]: make(definition.values, path) };
      case 'enum': {
        const symbol = definition.symbols?.[1] ?? '';
        if (!path.endsWith('.kind')) mark(path, symbol);
        return symbol;
      }
      case 'fixed': {
        const bytes = Buffer.alloc(definition.size ?? 1, count);
        mark(path, uuidText(bytes), bytes.toString('hex'), bytes.toString('base64'));
        return bytes;
      }
      default: {
        if (definition.logicalType !== 'timestamp-micros') return make(definition.type, path);
        const time = 1_767_225_600_000_000 + count * 1_001_007;
        mark(path, utcTimestamp(time));
        return time;
      }
    }
  };
  return { event: make(publishedSchema(stream).json, '') as Record<string, unknown>, marks };
}

const VIEWS = [
  { name: 'ecs', encoder: createEcsEncoder() },
  ...OCSF_VERSIONS.map((version) => ({ name: `ocsf ${version}`, encoder: createOcsfEncoder({ version }) })),
];

describe.each(VIEWS)('$name', ({ encoder }) => {
  it.each(PROCESS_KINDS)('says of %s all that the event says', (kind) => {
    const { event, marks } = markedEvent('process');
    const text = Buffer.from(encoder.encode(asProcess({ ...event, kind } as unknown as ProcessEvent)).bytes).toString();
    expect(marks.filter(({ texts }) => !texts.some((one) => text.includes(one)))).toEqual([]);
  });

  it.each(AGENT_KINDS)('says of the agent’s %s all that the event says', (kind) => {
    const { event, marks } = markedEvent('agent');
    const text = Buffer.from(encoder.encode(asAgent({ ...event, kind } as unknown as AgentEvent)).bytes).toString();
    expect(marks.filter(({ texts }) => !texts.some((one) => text.includes(one)))).toEqual([]);
  });
});
