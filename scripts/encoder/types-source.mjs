import { isUnion } from './schema-node.mjs';

/**
 * @typedef {import('./schema-node.mjs').SchemaNode} SchemaNode
 * @typedef {import('./schema-node.mjs').SchemaType} SchemaType
 */

const PRIMITIVES = new Map([
  ['boolean', 'boolean'],
  ['int', 'number'],
  ['long', 'number'],
  ['string', 'string'],
  ['bytes', 'Uint8Array'],
]);

/**
 * The TypeScript type of a schema's values, as one text.
 * @param {SchemaType} type
 * @param {Map<string, string>} [named] texts of named types that were met
 * @returns {string}
 */
export function typeSource(type, named = new Map()) {
  if (isUnion(type)) return `${typeSource(/** @type {string | SchemaNode} */ (type[1]), named)} | null`;
  if (typeof type !== 'string') return defined(type, named);
  const known = PRIMITIVES.get(type) ?? named.get(type);
  if (known === undefined) throw new Error(`no type is called ${type}`);
  return known;
}

/**
 * @param {SchemaNode} node
 * @param {Map<string, string>} named
 */
function defined(node, named) {
  const text = textOf(node, named);
  if (node.name !== undefined) named.set(node.name, text);
  return text;
}

/**
 * @param {SchemaNode & { logicalType?: string }} node
 * @param {Map<string, string>} named
 */
function textOf(node, named) {
  switch (node.type) {
    case 'record':
      return `{ ${node.fields.map(({ name, type }) => `${name}: ${typeSource(type, named)}`).join('; ')} }`;
    case 'enum':
      return node.symbols.map((symbol) => `'${symbol}'`).join(' | ');
    case 'fixed':
      return node.logicalType === 'uuid' ? 'Buffer' : 'Uint8Array';
    case 'array':
      return `(${typeSource(node.items, named)})[]`;
    case 'map':
      return `Record<string, ${typeSource(node.values, named)}>`;
    default:
      return typeSource(node.type, named);
  }
}
