import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isUnion } from '../encoder/schema-node.mjs';
import { namedTypes } from './compatibility.mjs';

/**
 * @typedef {import('./compatibility.mjs').SchemaNode & { doc?: string }} SchemaNode
 * @typedef {import('../encoder/schema-node.mjs').SchemaType} SchemaType
 * @typedef {{ name: string, type: SchemaType, doc?: string, default?: unknown }} SchemaField
 * @typedef {{ file: string, schema: SchemaNode, fingerprints: readonly string[] }} Published
 */

const HEAD = `# The events of forkcast

Two Avro records are the public contract: what happened to a process, and what the agent says about itself. Names are of the namespace \`forkcast.v1\`. Each file beside this page is one of them;
this page is made from them by \`npm run schemas:reference\`.

Times are microseconds since the epoch (\`timestamp-micros\`), durations end in \`_us\`, sizes in \`_kib\` or \`_bytes\`. Ids are 16 bytes (\`uuid\`), shown as UUID text wherever a person or JSON sees them.
Numbers are whole, exact and at most 2^53 − 1, so that every language reads them as they are; of the few things that can be greater, the meaning says what stands for them. Text is UTF-8: bytes of a command line that are none are U+FFFD in \`args\` and kept in \`args_raw\`.

## Evolution

Schemas only ever grow: new fields at the end of their record, with a default; new symbols at the end of their enum, which has a default symbol for readers that do not know them. So every reader reads
every version, older or newer, by Avro's schema resolution. Each version that was published is in \`released/\`, named by its fingerprint (CRC-64-AVRO of the canonical form, as in the single-object header and the
header \`schema\` of records). \`npm run schemas:accept\` adds the present one, and refuses what breaks another.
`;

/**
 * The page on the schemas.
 * @param {readonly Published[]} all
 */
export function schemaReference(all) {
  return [HEAD, sizes(), ...all.map(section)].join('\n');
}

/** Of the events whose bytes are kept in test/golden. */
const SAMPLES = [
  ['FORK', 'process-fork'],
  ['EXEC, with two ancestors', 'process-exec'],
  ['EXIT, with usage', 'process-exit'],
];

function sizes() {
  const rows = SAMPLES.map(([what, file]) => [
    what,
    String(readFileSync(resolve(import.meta.dirname, `../../test/golden/${file}.bin`)).length),
  ]);
  return `## Sizes\n\nBytes of typical events as Avro, alone and without compression; files with zstd take a seventh of it.\n\n${table(['event', 'bytes'], rows)}`;
}

/** @param {Published} published */
function section({ file, schema, fingerprints }) {
  const named = /** @type {Map<string, SchemaNode>} */ (namedTypes(schema));
  const parts = [...named.values()];
  const records = parts.filter(({ type }) => type === 'record').map((record) => recordPart(record, record === schema));
  const enums = parts.filter(({ type }) => type === 'enum').map(enumPart);
  const versions = fingerprints.map((fingerprint, i) => [`\`${fingerprint}\``, i === fingerprints.length - 1 ? 'newest' : '']);
  return [
    `## ${schema.name}\n\n[${file}](${file}). ${schema.doc ?? ''}\n`,
    table(['fingerprint', ''], versions),
    ...records,
    ...enums,
  ].join('\n');
}

/**
 * @param {SchemaNode} record
 * @param {boolean} isRoot
 */
function recordPart({ name, doc, fields }, isRoot) {
  const rows = /** @type {SchemaField[]} */ (fields).map((field) => [`\`${field.name}\``, typeText(field.type), escaped(field.doc ?? '')]);
  const title = isRoot ? `### Fields of ${name}\n` : `### ${name}\n${doc === undefined ? '' : `\n${doc}\n`}`;
  return `${title}\n${table(['field', 'type', 'meaning'], rows)}`;
}

/** @param {SchemaNode} node */
function enumPart({ name, doc, symbols, default: fallback }) {
  return `### ${name}\n\nOne of ${symbols.map((symbol) => `\`${symbol}\``).join(', ')}; \`${String(fallback)}\` stands for what a reader does not know. ${doc ?? ''}\n`;
}

/**
 * @param {SchemaType} type
 * @returns {string}
 */
function typeText(type) {
  if (isUnion(type)) return `${typeText(/** @type {string | SchemaNode} */ (type[1]))} or null`;
  if (typeof type === 'string')
    return /^[A-Z]/.test(type) && type !== 'Uuid' && type !== 'Digest' ? `[${type}](#${type.toLowerCase()})` : (FIXED.get(type) ?? type);
  const node = /** @type {SchemaNode} */ (type);
  if (node.type === 'array') return `array of ${typeText(node.items)}`;
  if (node.type === 'map') return `map of ${typeText(node.values)}`;
  return node.name === undefined ? (node.logicalType ?? node.type) : typeText(node.name);
}

const FIXED = new Map([
  ['Uuid', 'uuid'],
  ['Digest', '8 bytes'],
]);

/** @param {string} text */
function escaped(text) {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*');
}

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly (string | undefined)[])[]} rows
 */
function table(head, rows) {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `${lines.join('\n')}\n`;
}
