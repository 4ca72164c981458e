import { expect, it } from 'vitest';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { SINK_TYPE_NAMES } from '../../../src/config/sink-types.ts';

interface Node {
  type?: unknown;
  enum?: unknown[];
  pattern?: string;
  default?: unknown;
  description?: string;
  additionalProperties?: unknown;
  properties?: Record<string, Node>;
  oneOf?: Node[];
}
const schema = configJsonSchema() as unknown as Node & { $schema: string };

it('is JSON Schema 2020-12 and survives JSON', () => {
  expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
  expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
});

it('describes every key, with the default that loading gives', () => {
  const compare = (node: Node, effective: unknown): void => {
    expect(node.additionalProperties).toBe(false);
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      const value = (effective as Record<string, unknown>)[key];
      if (key === 'sinks') continue;
      if (child.properties !== undefined) compare(child, value);
      else {
        expect(child.description, key).toBeTruthy();
        expect(child.default, key).toEqual(value);
      }
    }
  };
  compare(schema, loadConfig().effective);
});

it('has one strict variant for each type of sink, told apart by its type', () => {
  const variants = (schema.properties?.['sinks']?.additionalProperties as Node | undefined)?.oneOf ?? [];
  expect(variants.map((variant) => variant.properties?.['type']?.enum)).toEqual(SINK_TYPE_NAMES.map((type) => [type]));
  for (const variant of variants) expect(variant).toMatchObject({ additionalProperties: false, required: ['type'], type: 'object' });
});

it('has patterns that accept what loading accepts', () => {
  const { properties } = schema.properties?.['source'] ?? {};
  const size = new RegExp(properties?.['receive_buffer']?.pattern ?? '(?!)');
  expect(['64MiB', '1.5GiB', '4096B'].every((text) => size.test(text))).toBe(true);
  expect(['64', '64 MiB', '64mib'].some((text) => size.test(text))).toBe(false);
});
