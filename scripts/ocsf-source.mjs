/** Reads the sources of the OCSF schema: classes and objects with all they inherit, include and take from the dictionary. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const readJson = (/** @type {any} */ file) => JSON.parse(readFileSync(file, 'utf8'));
const EXTENSION = 'extensions/linux';

export function loadOcsf(/** @type {any} */ root) {
  const dictionary = readJson(join(root, 'dictionary.json')).attributes;
  const extra = join(root, EXTENSION, 'dictionary.json');
  if (existsSync(extra)) Object.assign(dictionary, readJson(extra).attributes);
  const events = byName(join(root, 'events'));
  const objects = byName(join(root, 'objects'));
  const patches = existsSync(join(root, EXTENSION, 'objects')) ? byName(join(root, EXTENSION, 'objects'), 'extends') : {};
  const attributesOf = (/** @type {any} */ definition, /** @type {any} */ prefix) => {
    const { $include: includes = [], ...own } = definition.attributes ?? {};
    const all = {};
    for (const include of [includes].flat()) merge(all, included(include, prefix));
    merge(all, own);
    return all;
  };
  const included = (/** @type {any} */ path, /** @type {any} */ prefix) => {
    const within = join(root, prefix, path);
    const file = [within, join(root, path), join(root, 'includes', path)].find((one) => existsSync(one));
    const definition = readJson(file);
    const attributes = attributesOf(definition, prefix);
    if (definition.meta !== 'profile') return attributes;
    const profile = `${prefix === '' ? '' : 'linux/'}${definition.name}`;
    return Object.fromEntries(Object.entries(attributes).map(([name, attribute]) => [name, { profile, ...attribute }]));
  };
  const resolve = (/** @type {any} */ map, /** @type {any} */ name) => {
    const definition = map[name];
    if (definition === undefined) return undefined;
    /** @type {any} */
    const base = definition.extends === undefined ? { attributes: {} } : resolve(map, definition.extends);
    const attributes = merge(structuredClone(base.attributes), attributesOf(definition, ''));
    if (map === objects && patches[name] !== undefined) merge(attributes, attributesOf(patches[name], EXTENSION));
    const { constraints = base.constraints, uid = base.uid, category = base.category } = definition;
    return { attributes, constraints, uid, category };
  };
  return {
    categories: { ...readJson(join(root, 'categories.json')).attributes },
    event: (/** @type {any} */ name) => complete(resolve(events, name), dictionary),
    object: (/** @type {any} */ name) => complete(resolve(objects, name), dictionary),
  };
}

function complete(/** @type {any} */ shape, /** @type {any} */ dictionary) {
  if (shape === undefined) return undefined;
  const attributes = Object.entries(shape.attributes).map(([name, own]) => [name, described(own, dictionary[name] ?? {})]);
  return { ...shape, attributes: Object.fromEntries(attributes) };
}

function described(/** @type {any} */ own, /** @type {any} */ general) {
  const captions = Object.entries({ ...general.enum, ...own.enum }).map(([id, { caption }]) => [id, caption]);
  return {
    type: own.type ?? general.type,
    isList: own.is_array ?? general.is_array ?? false,
    requirement: own.requirement,
    profile: own.profile ?? undefined,
    isDeprecated: (own['@deprecated'] ?? general['@deprecated']) !== undefined,
    enum: Object.fromEntries(captions),
  };
}

function merge(/** @type {any} */ into, /** @type {any} */ more) {
  for (const [name, attribute] of Object.entries(more)) {
    const before = into[name] ?? {};
    into[name] = { ...before, ...attribute, ...(attribute.enum === undefined ? {} : { enum: { ...before.enum, ...attribute.enum } }) };
  }
  return into;
}

function byName(/** @type {any} */ folder, key = 'name') {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));
  return Object.fromEntries(
    files.map((file) => readJson(join(folder, file))).map((definition) => [definition[key] ?? definition.extends, definition]),
  );
}
