import { attributeOf, holds, ocsfFacts } from './ocsf-facts.ts';
import type { Attribute, Shape } from './ocsf-facts.ts';
import { isObject } from './strict-json.ts';

interface Run {
  readonly version: string;
  /** Those of `metadata.profiles`. */
  readonly profiles: readonly string[];
  readonly found: string[];
}

/** What the schema of this version says against a record, one line each. */
export function ocsfViolations(record: Record<string, unknown>, version: string): string[] {
  const found: string[] = [];
  const shape = Object.values(ocsfFacts.classes).find(({ uid }) => uid === record['class_uid']);
  if (shape === undefined) return [`class_uid must not be ${String(record['class_uid'])}`];
  const metadata = isObject(record['metadata']) ? record['metadata'] : {};
  const profiles = Array.isArray(metadata['profiles']) ? (metadata['profiles'] as string[]) : [];
  for (const profile of profiles) if (!shape.profiles.includes(profile)) found.push(`the class knows no profile ${profile}`);
  if (metadata['version'] !== version) found.push(`metadata.version is not ${version}`);
  if (record['category_uid'] !== shape.category) found.push('category_uid is not that of the class');
  if (record['type_uid'] !== shape.uid * 100 + Number(record['activity_id'])) found.push('type_uid is not that of class and activity');
  if (record['activity_id'] === 99 && record['activity_name'] === undefined) found.push('another activity has no name');
  checkObject(record, { ...shape, enums: { ...ocsfFacts.classEnums, ...shape.enums } }, { path: '', run: { version, profiles, found } });
  return found;
}

interface Place {
  readonly path: string;
  readonly run: Run;
}

function checkObject(value: Record<string, unknown>, shape: Shape, { path, run }: Place): void {
  const { found, version, profiles } = run;
  for (const [name, member] of Object.entries(value)) {
    const full = `${path}${name}`;
    const attribute = attributeOf(shape, name, version);
    if (attribute === undefined) found.push(`${full} is no attribute of ${version}`);
    else if (attribute.profile !== undefined && !profiles.includes(attribute.profile))
      found.push(`${full} is of the profile ${attribute.profile}`);
    else checkAttribute(member, attribute, { path: full, run });
  }
  for (const name of Object.keys(shape.attributes)) {
    const attribute = attributeOf(shape, name, version);
    if (attribute?.requirement === 'required' && attribute.profile === undefined && value[name] === undefined)
      found.push(`${path}${name} is missing`);
  }
  const { atLeastOne } = shape;
  if (atLeastOne !== undefined && !atLeastOne.some((name) => value[name] !== undefined))
    found.push(`${path} has none of ${atLeastOne.join(', ')}`);
  checkEnums(value, shape, { path, run });
}

function checkEnums(value: Record<string, unknown>, { enums = {} }: Shape, { path, run }: Place): void {
  for (const [name, captions] of Object.entries(enums)) {
    const id = value[name];
    if (id === undefined) continue;
    const caption = captions[JSON.stringify(id)];
    if (caption === undefined) run.found.push(`${path}${name} must not be ${JSON.stringify(id)}`);
    const sibling = ocsfFacts.siblings[name];
    const given = sibling === undefined ? undefined : value[sibling];
    if (given !== undefined && id !== 99 && given !== caption) run.found.push(`${path}${sibling} is not ${caption}`);
  }
}

function checkAttribute(value: unknown, attribute: Attribute, place: Place): void {
  if (!attribute.isList) return checkValue(value, attribute.type, place);
  if (!Array.isArray(value)) return void place.run.found.push(`${place.path} is no list`);
  value.forEach((item, i) => checkValue(item, attribute.type, { ...place, path: `${place.path}[${i}]` }));
}

function checkValue(value: unknown, type: string, { path, run }: Place): void {
  const primitive = ocsfFacts.types[type];
  if (primitive === undefined) {
    const shape = ocsfFacts.objects[type];
    if (shape === undefined) throw new Error(`the facts say nothing of ${type}`);
    if (isObject(value)) checkObject(value, shape, { path: `${path}.`, run });
    else run.found.push(`${path} is no object`);
    return;
  }
  const { json, pattern, maxLength = {} } = primitive;
  const isOfType = json === 'integer' ? Number.isInteger(value) : json === 'object' ? isObject(value) : typeof value === json;
  if (!isOfType) return void run.found.push(`${path} is no ${json}`);
  const limit = Object.entries(maxLength).find(([condition]) => holds(condition, run.version))?.[1];
  if (limit !== undefined && (value as string).length > limit) run.found.push(`${path} is longer than ${limit}`);
  if (pattern !== undefined && !new RegExp(pattern).test(value as string)) run.found.push(`${path} is no ${type}`);
}
