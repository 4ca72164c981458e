/**
 * Avro's single-object encoding, for where no schema travels along:
 *
 *     C3 01 | 8 bytes CRC-64-AVRO fingerprint of the writer's schema, little-endian | record
 */
import type { Encoder } from '../../core/component.ts';
import type { AnyEvent } from '../../core/any-event.ts';
import type { RecordStream } from '../../core/event.ts';
import { createAvroEncoder } from './binary.ts';
import { schemaFingerprint } from './fingerprint.ts';
import { publishedSchema } from './schemas.ts';

export const SINGLE_OBJECT_MAGIC = Uint8Array.of(0xc3, 0x01);
export const SINGLE_OBJECT_HEADER_BYTES = 10;

/** The ten bytes before each record of the stream. */
export function singleObjectHeader(stream: RecordStream): Uint8Array {
  const header = Buffer.alloc(SINGLE_OBJECT_HEADER_BYTES);
  header.set(SINGLE_OBJECT_MAGIC);
  header.writeBigUInt64LE(schemaFingerprint(publishedSchema(stream).json), SINGLE_OBJECT_MAGIC.length);
  return header;
}

/** Like `createAvroEncoder`, each record self-describing. */
export function createSingleObjectEncoder(): Encoder<AnyEvent> {
  return createAvroEncoder({ process: singleObjectHeader('process'), agent: singleObjectHeader('agent') });
}
