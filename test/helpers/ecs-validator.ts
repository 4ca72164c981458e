import { readFileSync } from 'node:fs';
import { isObject } from './strict-json.ts';

interface Facts {
  version: string;
  required: string[];
  custom: string[];
  fields: Record<string, string>;
  patterns: Record<string, string>;
  values: Record<string, string[]>;
  categories: Record<string, string[]>;
}

const facts = JSON.parse(readFileSync(new URL('../facts/ecs.json', import.meta.url), 'utf8')) as Facts;
const DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/;
const LONG = 2 ** 63;

/** What Elasticsearch, with the mappings of ECS, would refuse or misunderstand in a record, one line each. */
export function ecsViolations(record: Record<string, unknown>): string[] {
  const found: string[] = [];
  walk(record, '', found);
  for (const name of facts.required) if (at(record, name) === undefined) found.push(`${name} is missing`);
  if (at(record, 'ecs.version') !== facts.version) found.push(`ecs.version is not ${facts.version}`);
  return [...found, ...categoryViolations(record)];
}

function walk(value: Record<string, unknown>, path: string, found: string[]): void {
  for (const [name, member] of Object.entries(value)) {
    const full = path === '' ? name : `${path}.${name}`;
    if (name.trim() === '' || name.includes('.')) found.push(`${full}: not a name of one step`);
    else if (path === '' && facts.custom.includes(name)) found.push(...customViolations(member, full));
    else if (facts.fields[full] !== undefined) found.push(...fieldViolations(full, member));
    else if (isObject(member) && isPrefix(full)) walk(member, full, found);
    else found.push(`${full} is no field`);
  }
}

const isPrefix = (path: string): boolean => Object.keys(facts.fields).some((name) => name.startsWith(`${path}.`));

function fieldViolations(name: string, value: unknown): string[] {
  const type = facts.fields[name] as string;
  if (!type.endsWith('[]')) return scalarViolations(name, type, value);
  if (!Array.isArray(value)) return [`${name} is no array`];
  return value.flatMap((item) => scalarViolations(name, type.slice(0, -2), item));
}

function scalarViolations(name: string, type: string, value: unknown): string[] {
  if (!isOf(type, value)) return [`${name} is no ${type}`];
  const pattern = facts.patterns[name];
  if (pattern !== undefined && !new RegExp(pattern).test(value as string)) return [`${name} does not match ${pattern}`];
  const values = facts.values[name];
  return values === undefined || values.includes(value as string) ? [] : [`${name} must not be ${String(value)}`];
}

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case 'long':
      return Number.isInteger(value) && Math.abs(value as number) <= LONG;
    case 'boolean':
      return typeof value === 'boolean';
    case 'date':
      return typeof value === 'string' && DATE.test(value) && !Number.isNaN(Date.parse(value));
    case 'object':
      // Of labels only keywords are wanted: no objects, lists or nulls.
      return (
        isObject(value) && Object.entries(value).every(([key, item]) => key.trim() !== '' && !key.includes('.') && typeof item === 'string')
      );
    default:
      return typeof value === 'string';
  }
}

/** Under a name of ours anything may stand that an index can keep: no null, no empty name, no list of lists, no dots. */
function customViolations(value: unknown, path: string): string[] {
  if (Array.isArray(value))
    return value.flatMap((item) => (Array.isArray(item) ? [`${path} is a list of lists`] : customViolations(item, path)));
  if (value === null) return [`${path} is null`];
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, item]) =>
    /^[a-z][a-z0-9_]*$/.test(name) ? customViolations(item, `${path}.${name}`) : [`${path}.${name}: not a name of ours`],
  );
}

function categoryViolations(record: Record<string, unknown>): string[] {
  const categories = at(record, 'event.category') ?? [];
  const types = at(record, 'event.type') ?? [];
  if (!Array.isArray(categories) || !Array.isArray(types)) return [];
  return categories.flatMap((category: unknown) => {
    const expected = facts.categories[String(category)];
    if (expected === undefined) return [`event.category must not be ${String(category)}`];
    return types
      .filter((type) => !expected.includes(String(type)))
      .map((type) => `event.type ${String(type)} is not of ${String(category)}`);
  });
}

function at(record: Record<string, unknown>, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), record);
}
