import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { schemaFingerprint } from '../src/encode/avro/fingerprint.ts';
import { incompatibilities } from './schemas/compatibility.mjs';
import { schemaReference } from './schemas/reference.mjs';

/*
 * Keeps the published schemas to what was published before. Every version that was ever accepted is kept in schemas/released/, by its fingerprint.
 *
 *   node scripts/schemas.mjs check               fails (1) where a schema is not the last accepted one, breaks one that was, or the reference is old
 *   node scripts/schemas.mjs accept              takes the schemas as they are into schemas/released/ and writes the reference; fails (1) where they break one
 *   node scripts/schemas.mjs reference           writes the reference only: documentation has changed
 *   node scripts/schemas.mjs compare OLD NEW     says what of NEW breaks OLD; fails (1) where anything does
 */
const FOLDER = resolve(import.meta.dirname, '../schemas');
const RELEASED = join(FOLDER, 'released');
const REFERENCE = join(FOLDER, 'README.md');
const LIST = join(FOLDER, 'fingerprints.json');
const NAMES = ['ProcessEvent.v1', 'AgentEvent.v1'];

/** @typedef {import('./schemas/compatibility.mjs').SchemaNode} SchemaNode */
/** @typedef {Record<string, string[]>} Fingerprints of each schema, the newest last */

/**
 * @param {string} path
 * @returns {SchemaNode}
 */
const parse = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** @returns {Fingerprints} */
const accepted = () => (existsSync(LIST) ? JSON.parse(readFileSync(LIST, 'utf8')) : {});

/** @param {SchemaNode} schema */
const fingerprintOf = (schema) => schemaFingerprint(schema).toString(16).padStart(16, '0');

/** @param {string} name */
const current = (name) => parse(join(FOLDER, `${name}.avsc`));

/** What is wrong with the current schemas beside those that were accepted. */
function breaches() {
  return NAMES.flatMap((name) =>
    (accepted()[name] ?? []).flatMap((fingerprint) => {
      const faults = incompatibilities(parse(join(RELEASED, `${name}.${fingerprint}.avsc`)), current(name));
      return faults.map((fault) => `${fault} (beside ${fingerprint})`);
    }),
  );
}

/** What is to be done that was not. */
function omissions() {
  const list = accepted();
  const unknown = NAMES.filter((name) => list[name]?.at(-1) !== fingerprintOf(current(name)));
  const kept = readdirSync(RELEASED).toSorted().join();
  const listed = NAMES.flatMap((name) => (list[name] ?? []).map((fingerprint) => `${name}.${fingerprint}.avsc`));
  return [
    ...unknown.map((name) => `${name}.avsc is not the last accepted version: run npm run schemas:accept`),
    ...(kept === listed.toSorted().join() ? [] : [`schemas/released/ has ${kept}, schemas/fingerprints.json ${listed.join()}`]),
    ...(readFileSync(REFERENCE, 'utf8') === reference() ? [] : ['schemas/README.md is old: run npm run schemas:reference']),
  ];
}

function reference() {
  return schemaReference(NAMES.map((name) => ({ file: `${name}.avsc`, schema: current(name), fingerprints: accepted()[name] ?? [] })));
}

/** @returns {string[]} */
function accept() {
  const faults = breaches();
  if (faults.length > 0) return faults;
  const list = accepted();
  mkdirSync(RELEASED, { recursive: true });
  for (const name of NAMES) {
    const fingerprint = fingerprintOf(current(name));
    writeFileSync(join(RELEASED, `${name}.${fingerprint}.avsc`), readFileSync(join(FOLDER, `${name}.avsc`)));
    list[name] = [...(list[name] ?? []).filter((known) => known !== fingerprint), fingerprint];
  }
  writeFileSync(LIST, `${JSON.stringify(list, null, 2)}\n`);
  writeFileSync(REFERENCE, reference());
  return [];
}

/**
 * @param {string[]} words
 * @returns {string[]} what is wrong
 */
function main([command, before, after]) {
  switch (command) {
    case 'check':
      return [...breaches(), ...omissions()];
    case 'accept':
      return accept();
    case 'reference':
      writeFileSync(REFERENCE, reference());
      return [];
    case 'compare':
      return before === undefined || after === undefined ? ['compare takes two files'] : incompatibilities(parse(before), parse(after));
    default:
      return ['usage: node scripts/schemas.mjs check | accept | reference | compare OLD NEW'];
  }
}

const faults = main(process.argv.slice(2));
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.exitCode = faults.length > 0 ? 1 : 0;
