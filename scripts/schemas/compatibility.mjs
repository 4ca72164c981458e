import { isUnion } from '../encoder/schema-node.mjs';

/**
 * @typedef {import('../encoder/schema-node.mjs').SchemaNode & { default?: unknown, logicalType?: string, namespace?: string }} SchemaNode
 * @typedef {import('../encoder/schema-node.mjs').SchemaType} SchemaType
 * @typedef {{ name: string, type: SchemaType, default?: unknown }} SchemaField
 */

/**
 * What of a schema breaks those who read or write with the released one, each with the path of the field. Only additions pass: fields at the end of their
 * record with a default, symbols at the end of an enum that has one.
 * @param {SchemaNode} released
 * @param {SchemaNode} current
 * @returns {string[]}
 */
export function incompatibilities(released, current) {
  return new Comparison(namedTypes(released), namedTypes(current)).types(released, current, `${released.namespace}.${released.name}`);
}

/**
 * @param {SchemaType} type
 * @param {Map<string, SchemaNode>} [found]
 * @returns {Map<string, SchemaNode>}
 */
export function namedTypes(type, found = new Map()) {
  if (isUnion(type)) for (const branch of type) namedTypes(branch, found);
  else if (typeof type !== 'string') {
    if (type.name !== undefined) found.set(type.name, type);
    for (const part of [type.items, type.values, ...(type.fields ?? []).map((field) => field.type)])
      if (part !== undefined) namedTypes(part, found);
  }
  return found;
}

class Comparison {
  #released;
  #current;
  /** @type {Set<string>} named types that were compared */
  #done = new Set();

  /**
   * @param {Map<string, SchemaNode>} released
   * @param {Map<string, SchemaNode>} current
   */
  constructor(released, current) {
    this.#released = released;
    this.#current = current;
  }

  /**
   * @param {SchemaType} before
   * @param {SchemaType} after
   * @param {string} path
   * @returns {string[]}
   */
  types(before, after, path) {
    if (isUnion(before) || isUnion(after)) {
      if (!isUnion(before) || !isUnion(after)) return [`${path}: ${isUnion(before) ? 'can no longer be null' : 'can be null now'}`];
      if (before.length !== after.length) return [`${path}: has other branches`];
      return before.flatMap((branch, i) => this.types(branch, /** @type {SchemaType} */ (after[i]), path));
    }
    const [was, is] = [resolved(before, this.#released), resolved(after, this.#current)];
    if (typeof was === 'string' || typeof is === 'string') return was === is ? [] : [`${path}: was ${nameOf(was)}, is ${nameOf(is)}`];
    return this.#nodes(was, is, path);
  }

  /**
   * @param {SchemaNode} was
   * @param {SchemaNode} is
   * @param {string} path
   * @returns {string[]}
   */
  #nodes(was, is, path) {
    if (was.type !== is.type || was.name !== is.name || was.namespace !== is.namespace || was.logicalType !== is.logicalType)
      return [`${path}: was ${nameOf(was)}, is ${nameOf(is)}`];
    if (was.name !== undefined && this.#done.has(was.name)) return [];
    this.#done.add(was.name);
    if (was.type === 'record') return this.#fields(was, is, path);
    if (was.type === 'enum') return symbolFaults(was, is, path);
    if (was.type === 'fixed') return was.size === is.size ? [] : [`${path}: had ${was.size} bytes, has ${is.size}`];
    if (was.type === 'array') return this.types(was.items, is.items, `${path}[]`);
    return was.type === 'map' ? this.types(was.values, is.values, `${path}{}`) : [];
  }

  /**
   * @param {SchemaNode} was
   * @param {SchemaNode} is
   * @param {string} path
   * @returns {string[]}
   */
  #fields(was, is, path) {
    const before = /** @type {SchemaField[]} */ (was.fields);
    const after = /** @type {SchemaField[]} */ (is.fields);
    const kept = before.flatMap((field, i) => this.#field(field, { fields: after, i, path: `${path}.${field.name}` }));
    const known = new Set(before.map(({ name }) => name));
    const isNew = (/** @type {SchemaField} */ { name }) => !known.has(name);
    const misplaced = after.slice(0, before.length).filter(isNew);
    const bare = after.filter((field) => isNew(field) && !('default' in field));
    return [
      ...kept,
      ...misplaced.map(({ name }) => `${path}.${name}: is new, but not at the end of its record`),
      ...bare.map(({ name }) => `${path}.${name}: is new and has no default`),
    ];
  }

  /**
   * @param {SchemaField} field
   * @param {{ fields: SchemaField[], i: number, path: string }} after
   */
  #field(field, { fields, i, path }) {
    const now = fields.find(({ name }) => name === field.name);
    if (now === undefined) return [`${path}: was removed or renamed`];
    const moved = fields.indexOf(now) === i ? [] : [`${path}: was field ${i + 1} of its record, is field ${fields.indexOf(now) + 1}`];
    const defaults = [field, now].map((one) => JSON.stringify(one.default) ?? 'none');
    const other = defaults[0] === defaults[1] ? [] : [`${path}: its default was ${defaults[0]}, is ${defaults[1]}`];
    return [...moved, ...other, ...this.types(field.type, now.type, path)];
  }
}

/**
 * @param {SchemaNode} was
 * @param {SchemaNode} is
 * @param {string} path
 */
function symbolFaults(was, is, path) {
  const gone = was.symbols.filter((symbol) => !is.symbols.includes(symbol)).map((symbol) => `${path}: its symbol ${symbol} was removed`);
  const moved =
    gone.length === 0 && was.symbols.some((symbol, i) => is.symbols[i] !== symbol) ? [`${path}: its symbols have another order`] : [];
  const fallback = is.default === was.default ? [] : [`${path}: its default symbol was ${String(was.default)}, is ${String(is.default)}`];
  return [...gone, ...moved, ...fallback];
}

/**
 * @param {string | SchemaNode} type
 * @param {Map<string, SchemaNode>} named
 */
function resolved(type, named) {
  const node = typeof type === 'string' ? (named.get(type) ?? type) : type;
  return typeof node !== 'string' && Object.keys(node).length === 1 ? node.type : node;
}

/** @param {string | SchemaNode} type */
function nameOf(type) {
  if (typeof type === 'string') return type;
  const { name, logicalType } = type;
  return name ?? (logicalType === undefined ? type.type : `${type.type} (${logicalType})`);
}
