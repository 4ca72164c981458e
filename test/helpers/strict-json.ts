/** Of a string with the colon that makes it a name. */
const STRING = /"(?:[^"\\]|\\.)*"(:)?/g;

/**
 * A record of a JSON format as its strictest consumer reads it. Throws where it is not UTF-8, not one object on one line, has a name twice
 * in one object, or half of a surrogate pair.
 */
export function parseStrictly(bytes: Uint8Array): Record<string, unknown> {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  if (text.includes('\n')) throw new Error('more than a line');
  const value = JSON.parse(text) as unknown;
  if (!isObject(value)) throw new Error('not an object');
  let written = 0;
  for (const [, colon] of text.matchAll(STRING)) if (colon !== undefined) written += 1;
  const read = names(value);
  if (read !== written) throw new Error(`${written} names written, ${read} read: one stands twice`);
  return value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function names(value: unknown): number {
  if (typeof value === 'string' && !value.isWellFormed()) throw new Error('half of a surrogate pair');
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + names(item), 0);
  if (!isObject(value)) return 0;
  return Object.entries(value).reduce((sum, [, item]) => sum + 1 + names(item), 0);
}
