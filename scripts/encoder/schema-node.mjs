/**
 * @typedef {{ name: string, type: SchemaType }} SchemaField
 * @typedef {{ type: string, name: string, fields: SchemaField[], symbols: string[], size: number, items: SchemaType, values: SchemaType }} SchemaNode
 *   Only what its `type` has is there.
 * @typedef {string | SchemaNode | readonly (string | SchemaNode)[]} SchemaType an array is ["null", T]
 */

/**
 * @param {SchemaType} type
 * @returns {type is readonly (string | SchemaNode)[]}
 */
export function isUnion(type) {
  return Array.isArray(type);
}
