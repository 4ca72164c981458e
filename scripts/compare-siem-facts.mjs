/**
 * Holds test/facts against the sources of the schemas, which are no part of this project:
 *
 *     node scripts/compare-siem-facts.mjs [--ecs FOLDER] [--ocsf VERSION=FOLDER …]
 *
 * FOLDER is a checkout of elastic/ecs or of ocsf/ocsf-schema at that version. Prints each difference; exit code 1 if there is one. Of what
 * is in the facts everything is compared; of what is not, that nothing required and no constraint is missing.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { loadOcsf } from './ocsf-source.mjs';

const facts = (/** @type {any} */ name) => readJson(new URL(`../test/facts/${name}.json`, import.meta.url));
const readJson = (/** @type {any} */ file) => JSON.parse(readFileSync(file, 'utf8'));
const { values } = parseArgs({ options: { ecs: { type: 'string' }, ocsf: { type: 'string', multiple: true, default: [] } } });
/** @type {string[]} */
const found = [];

if (values.ecs !== undefined) compareEcs(values.ecs);
for (const pair of values.ocsf) {
  const [version, folder] = pair.split('=');
  compareOcsf(version, folder);
}
for (const line of found) process.stdout.write(`${line}\n`);
process.stdout.write(`${found.length} differences\n`);
process.exitCode = found.length === 0 ? 0 : 1;

function differ(/** @type {any} */ where, /** @type {any} */ ours, /** @type {any} */ theirs) {
  if (JSON.stringify(ours) !== JSON.stringify(theirs))
    found.push(`${where}: ${JSON.stringify(ours)} here, ${JSON.stringify(theirs)} there`);
}

function compareEcs(/** @type {any} */ folder) {
  const ours = facts('ecs');
  const theirs = parse(readFileSync(join(folder, 'generated/ecs/ecs_flat.yml'), 'utf8'));
  differ('ECS version', ours.version, readFileSync(join(folder, 'version'), 'utf8').trim());
  for (const [name, type] of Object.entries(ours.fields)) {
    const field = theirs[name];
    differ(name, type, field === undefined ? undefined : `${field.type}${field.normalize?.includes('array') ? '[]' : ''}`);
    differ(`${name} pattern`, ours.patterns[name], field?.pattern);
  }
  for (const [name, names] of Object.entries(ours.values))
    differ(name, names, theirs[name].allowed_values?.map((/** @type {any} */ value) => value.name) ?? theirs[name].expected_values);
  for (const [name, types] of Object.entries(ours.categories))
    differ(
      name,
      types,
      theirs['event.category'].allowed_values.find((/** @type {any} */ value) => value.name === name)?.expected_event_types,
    );
}

function compareOcsf(/** @type {any} */ version, /** @type {any} */ folder) {
  const ours = facts('ocsf');
  const source = loadOcsf(folder);
  const place = { version, ours };
  for (const [name, shape] of Object.entries(ours.classes)) {
    const theirs = source.event(name);
    differ(`${version} ${name} uid`, shape.uid, (source.categories[theirs.category]?.uid ?? 0) * 1000 + (theirs.uid ?? 0));
    compareShape({ name, shape: { ...shape, enums: { ...ours.classEnums, ...shape.enums } }, theirs }, place);
  }
  for (const [name, shape] of Object.entries(ours.objects)) compareShape({ name, shape, theirs: source.object(name) }, place);
}

function compareShape(/** @type {any} */ { name, shape, theirs }, /** @type {any} */ { version, ours }) {
  const known = Object.fromEntries(Object.keys(shape.attributes).map((key) => [key, stated(shape.attributes[key], version)]));
  for (const [key, text] of Object.entries(known)) {
    differ(`${version} ${name}.${key}`, text, theirs === undefined ? undefined : sourceText(theirs.attributes[key], ours));
    for (const [id, caption] of Object.entries((text === undefined ? undefined : shape.enums?.[key]) ?? {}))
      differ(`${version} ${name}.${key} ${id}`, caption, theirs?.attributes[key]?.enum?.[id]);
  }
  if (theirs === undefined) return;
  for (const [key, attribute] of Object.entries(theirs.attributes))
    if (attribute.requirement === 'required' && attribute.profile === undefined && known[key] === undefined)
      found.push(`${version} ${name}.${key} is required, and not in the facts`);
  const oneOf = (theirs.constraints?.at_least_one ?? []).filter(
    (/** @type {any} */ key) => (shape.atLeastOne ?? []).includes(key) || theirs.attributes[key],
  );
  const here = (shape.atLeastOne ?? []).filter((/** @type {any} */ key) => theirs.attributes[key] !== undefined);
  // Where all of them are required the schema need not say that one is.
  if (oneOf.length > 0 || here.some((/** @type {any} */ key) => theirs.attributes[key].requirement !== 'required'))
    differ(`${version} ${name} at least one`, here.toSorted(), oneOf.toSorted());
  differ(`${version} ${name} just one`, undefined, theirs.constraints?.just_one);
}

/** What the facts say of this version, without the versions. */
function stated(/** @type {any} */ text, /** @type {any} */ version) {
  const minor = (/** @type {any} */ of) => Number(of.split('.')[1]);
  const holds = (/** @type {any} */ word) =>
    word.startsWith('>=') ? minor(version) >= minor(word.slice(2)) : minor(version) < minor(word.slice(1));
  for (const one of Array.isArray(text) ? text : [text]) {
    const words = one.split(' ');
    if (words.filter((/** @type {any} */ word) => /^[<>]/.test(word)).every(holds))
      return words.filter((/** @type {any} */ word) => !/^[<>]/.test(word)).join(' ');
  }
  return undefined;
}

/** As the facts write it. What is deprecated is not wanted, and what has no home in the profiles that are used is none of its own. */
function sourceText(/** @type {any} */ attribute, /** @type {any} */ ours) {
  if (attribute === undefined || attribute.isDeprecated) return undefined;
  const { type, isList, requirement, profile } = attribute;
  const known = profile === undefined || !ours.profiles.includes(profile) ? '' : ` @${profile}`;
  return `${type}${isList ? '[]' : ''} ${requirement}${known}`;
}
