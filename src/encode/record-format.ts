import type { RecordStream } from '../core/event.ts';
import { schemaFingerprint } from './avro/fingerprint.ts';
import { publishedSchema } from './avro/schemas.ts';

/** How a sink wants its records. */
export type Format = 'avro' | 'json' | 'line';

/**
 * What the bytes of a record are, for whoever reads them later, with another version perhaps: `json`, `line`, or
 * `avro process=<fingerprint> agent=<fingerprint>`, each CRC-64-AVRO of the stream's schema as 16 hexadecimal digits.
 */
export function recordFormat(format: Format): string {
  return format === 'avro' ? `avro process=${fingerprint('process')} agent=${fingerprint('agent')}` : format;
}

/** Whether records of this stream, so described, have the newest schema. */
export function isNewestAvro(description: string, stream: RecordStream): boolean {
  return description.startsWith('avro ') && description.split(' ').includes(`${stream}=${fingerprint(stream)}`);
}

function fingerprint(stream: RecordStream): string {
  return schemaFingerprint(publishedSchema(stream).json).toString(16).padStart(16, '0');
}
