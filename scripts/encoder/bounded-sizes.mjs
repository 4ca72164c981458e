import { isUnion } from './schema-node.mjs';

/**
 * @typedef {import('./schema-node.mjs').SchemaNode} SchemaNode
 * @typedef {import('./schema-node.mjs').SchemaType} SchemaType
 */

/** Varints of 64 and of 32 bits; what is of any length has a length or count before it, of 32 bits, and lists and maps an end after it. */
const BYTES = new Map([
  ['boolean', 1],
  ['int', 5],
  ['long', 10],
  ['string', 5],
  ['bytes', 5],
  ['array', 6],
  ['map', 6],
  ['enum', 1],
]);

/** The most that values of a type take, without what is of any length: texts, bytes, items. */
export class BoundedSizes {
  /** @type {Map<string, number>} */
  #named = new Map();

  /**
   * @param {SchemaType} type
   * @returns {number}
   */
  of(type) {
    if (isUnion(type)) return 1 + this.of(/** @type {string | SchemaNode} */ (type[1]));
    if (typeof type === 'string') return BYTES.get(type) ?? this.#known(type);
    const size = this.#define(type);
    if (type.name !== undefined) this.#named.set(type.name, size);
    return size;
  }

  /** @param {SchemaNode} node */
  #define(node) {
    if (node.type === 'fixed') return node.size;
    if (node.type === 'record') return node.fields.reduce((sum, field) => sum + this.of(field.type), 0);
    // Named types within are met here first.
    if (node.type === 'array') this.of(node.items);
    return BYTES.get(node.type) ?? this.of(node.type);
  }

  /** @param {string} name */
  #known(name) {
    const size = this.#named.get(name);
    if (size === undefined) throw new Error(`no type is called ${name}`);
    return size;
  }
}
