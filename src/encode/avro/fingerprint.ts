import { avroType } from './types.ts';

/** CRC-64-AVRO's polynomial, which is also the fingerprint of nothing. */
const EMPTY = 0xc15d213aa4d7a795n;

const TABLE = Array.from({ length: 256 }, (_, byte) => {
  let entry = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) entry = (entry >> 1n) ^ (entry & 1n ? EMPTY : 0n);
  return entry;
});

/** The Rabin fingerprint of the Avro specification. */
function crc64Avro(bytes: Uint8Array): bigint {
  let crc = EMPTY;
  for (const byte of bytes) crc = (crc >> 8n) ^ (TABLE[Number((crc ^ BigInt(byte)) & 0xffn)] as bigint);
  return crc;
}

/** Parsing Canonical Form: full names, nothing but what matters for reading, in a fixed order. avsc's bare schema export is just that. */
export function canonicalForm(schema: unknown): string {
  return JSON.stringify(avroType(schema).schema());
}

/** CRC-64-AVRO of the schema's canonical form. */
export function schemaFingerprint(schema: unknown): bigint {
  return crc64Avro(Buffer.from(canonicalForm(schema), 'utf8'));
}

/** The same as people and headers write it: 16 hexadecimal digits, the most significant first. */
export function fingerprintText(schema: unknown): string {
  return schemaFingerprint(schema).toString(16).padStart(16, '0');
}
