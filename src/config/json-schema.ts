import { SECRET_PATTERN } from '../core/secret-reference.ts';
import { isSetting } from '../core/setting.ts';
import type { Setting, SettingGroup } from '../core/setting.ts';
import { DURATION_PATTERN, SIZE_PATTERN } from '../core/units.ts';
import { CORE_SCHEMA, DISK_QUEUE, SINK_NAME, SINK_SCHEMA } from './schema.ts';
import { SINK_TYPE_NAMES, sinkGroup } from './sink-types.ts';
import type { SinkType } from './sink-types.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The configuration as JSON Schema 2020-12, for editors. It accepts all that loading accepts; bounds of sizes and durations and what
 * several keys must not be together are beyond it and left to `check`.
 */
export function configJsonSchema(): JsonSchema {
  const sections = ofGroup(CORE_SCHEMA);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'forkcast configuration',
    ...sections,
    properties: { ...(sections['properties'] as object), sinks: ofSinks() },
  };
}

function ofSinks(): JsonSchema {
  return {
    type: 'object',
    description: 'Where events go: any number of sinks, each under a name of your choice.',
    minProperties: 1,
    propertyNames: { pattern: SINK_NAME.source },
    additionalProperties: { oneOf: SINK_TYPE_NAMES.map(ofSink) },
  };
}

function ofSink(type: SinkType): JsonSchema {
  const group = ofGroup(sinkGroup(type));
  const properties = { ...(group['properties'] as object), queue: ofQueue() };
  return { ...group, properties, title: type, type: 'object', required: ['type'] };
}

/** Its keys are those of its type. */
function ofQueue(): JsonSchema {
  const disk = ofGroup(DISK_QUEUE);
  return {
    anyOf: [
      withType(ofGroup(SINK_SCHEMA.queue), { const: 'memory' }),
      { ...withType(disk, { const: 'disk' }), type: 'object', required: ['type'] },
    ],
  };
}

function withType(group: JsonSchema, type: JsonSchema): JsonSchema {
  const properties = group['properties'] as Readonly<Record<string, object>>;
  return { ...group, properties: { ...properties, type: { description: SINK_SCHEMA.queue.type.doc, default: 'memory', ...type } } };
}

function ofGroup(group: SettingGroup): JsonSchema {
  const properties = Object.fromEntries(
    Object.entries(group).map(([key, node]) => [key, isSetting(node) ? ofSetting(node) : ofGroup(node)]),
  );
  // A section without any key under it is an empty section.
  return { type: ['object', 'null'], additionalProperties: false, properties };
}

function ofSetting(setting: Setting): JsonSchema {
  const { doc, default: preset } = setting;
  const bounds = 'min' in setting ? ` From ${setting.min} to ${setting.max}.` : '';
  return { description: `${doc}${bounds}`, default: preset, ...shapeOf(setting) };
}

function shapeOf(setting: Setting): JsonSchema {
  switch (setting.format) {
    case 'flag':
      return { type: 'boolean' };
    case 'count':
      return { type: 'integer', minimum: setting.min, maximum: setting.max };
    case 'size':
      return { type: 'string', pattern: SIZE_PATTERN };
    case 'duration':
      return { type: 'string', pattern: DURATION_PATTERN };
    case 'choice':
      return { enum: setting.choices };
    case 'choices':
      return { type: 'array', items: { enum: setting.choices }, minItems: 1, uniqueItems: true };
    case 'path':
      return { type: 'string', minLength: 1 };
    case 'choice_or_path':
      return { anyOf: [{ enum: setting.choices }, { type: 'string', pattern: '^/' }] };
    case 'variables':
      return { type: 'array', items: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }, uniqueItems: true };
    case 'labels':
      return { type: 'object', additionalProperties: { type: 'string' } };
    case 'secret':
      return { type: 'string', pattern: SECRET_PATTERN };
    case 'structure':
      return setting.schema;
    case 'switch':
      return { oneOf: [{ const: 'off' }, { ...ofGroup(setting.group), type: 'object' }] };
  }
}
