import type { RecordStream } from '../core/event.ts';
import { fingerprintText } from './avro/fingerprint.ts';
import type { RecordFormat } from '../core/record-formats.ts';
import { ECS_VERSION } from './ecs/ecs.ts';
import { publishedSchema } from './avro/schemas.ts';

/**
 * What the bytes of a record are, for whoever reads them later, with another version perhaps: `json`, `line`, `ecs/<version>`,
 * `ocsf/<version>`, or `avro process=<fingerprint> agent=<fingerprint>`, each CRC-64-AVRO of the stream's schema as 16 hexadecimal digits.
 */
export function recordFormat(format: RecordFormat): string {
  if (format === 'avro') return `avro process=${fingerprint('process')} agent=${fingerprint('agent')}`;
  return format === 'ecs' ? `ecs/${ECS_VERSION}` : format;
}

/** Whether records, so described, are text that can be shown as it is. */
export function isText(description: string): boolean {
  return description === 'line' || isJson(description);
}

/** Whether records, so described, are JSON. */
export function isJson(description: string): boolean {
  return description === 'json' || description.startsWith('ecs/') || description.startsWith('ocsf/');
}

/** Whether records of this stream, so described, have the newest schema. */
export function isNewestAvro(description: string, stream: RecordStream): boolean {
  return description.startsWith('avro ') && description.split(' ').includes(`${stream}=${fingerprint(stream)}`);
}

function fingerprint(stream: RecordStream): string {
  return fingerprintText(publishedSchema(stream).json);
}
