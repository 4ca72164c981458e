import type { AnyEvent } from '../../core/any-event.ts';
import type { RecordStream } from '../../core/event.ts';
import { fingerprintText } from './fingerprint.ts';
import { newestReader } from './record-reader.ts';
import { publishedSchema } from './schemas.ts';
import { SINGLE_OBJECT_HEADER_BYTES, singleObjectHeader } from './single-object.ts';

/**
 * A record as brokers keep it:
 *
 *     single_object: C3 01 | 8 bytes fingerprint, little-endian | record
 *     confluent:     00 | 4 bytes id of the schema, big-endian | record
 *     raw:           record
 */
const CONFLUENT_HEADER_BYTES = 5;
const STREAMS: readonly RecordStream[] = ['process', 'agent'];
const FRAMING = /;\s*framing=([a-z_]+)\s*$/;

/** What the headers of a record say of it; undefined: that header is not there. */
export interface FramedHeaders {
  /** `<full name>/<fingerprint>`. */
  readonly schema: string | undefined;
  /** `application/vnd.apache.avro; framing=<framing>`. */
  readonly contentType: string | undefined;
}

/**
 * `foreign`: nothing of ours · `view`: ours, but JSON, which is for reading only · `unknown_schema`: ours, but of a schema that this version does not have · `damaged`: ours, by its headers, but its
 * bytes are not what they say; `reason` without full stop.
 */
export type FramedRecord =
  | { readonly what: 'event'; readonly event: AnyEvent }
  | { readonly what: 'foreign' }
  | { readonly what: 'view'; readonly schema: string }
  | { readonly what: 'unknown_schema'; readonly schema: string }
  | { readonly what: 'damaged'; readonly reason: string };

const FOREIGN: FramedRecord = { what: 'foreign' };

interface Own {
  readonly stream: RecordStream;
  readonly fullName: string;
  readonly schema: string;
  readonly singleObject: Uint8Array;
}

let known: readonly Own[] | undefined;

/** The event in a record's value, whose framing its headers name. */
export function readFramedRecord(value: Buffer, { schema, contentType }: FramedHeaders): FramedRecord {
  if (schema === undefined) return FOREIGN;
  known ??= STREAMS.map(ownSchema);
  if (contentType === 'application/json' && isView(schema, known)) return { what: 'view', schema };
  const own = known.find((one) => one.schema === schema);
  if (own !== undefined) return readOwn(value, own, FRAMING.exec(contentType ?? '')?.[1]);
  return known.some(({ fullName }) => schema.startsWith(`${fullName}/`)) ? { what: 'unknown_schema', schema } : FOREIGN;
}

const isView = (schema: string, own: readonly Own[]): boolean =>
  /^(ecs|ocsf)\//.test(schema) || own.some(({ fullName }) => schema.startsWith(`${fullName}/`));

function ownSchema(stream: RecordStream): Own {
  const { fullName, json } = publishedSchema(stream);
  const fingerprint = fingerprintText(json);
  return { stream, fullName, schema: `${fullName}/${fingerprint}`, singleObject: singleObjectHeader(stream) };
}

function readOwn(value: Buffer, own: Own, framing: string | undefined): FramedRecord {
  const start = bodyStart(value, own, framing);
  if (typeof start !== 'number') return { what: 'damaged', reason: start.reason };
  try {
    const read = newestReader(own.stream).read(value, start);
    if (read === undefined) return { what: 'damaged', reason: 'it ends too early' };
    if (read.end !== value.length) return { what: 'damaged', reason: `${value.length - read.end} bytes follow it` };
    return { what: 'event', event: read.event };
  } catch (error) {
    return { what: 'damaged', reason: (error as Error).message };
  }
}

/** Where the record begins behind what is before it. */
function bodyStart(value: Buffer, { singleObject }: Own, framing: string | undefined): number | { readonly reason: string } {
  switch (framing) {
    case 'raw':
      return 0;
    case 'confluent':
      return value[0] === 0 && value.length >= CONFLUENT_HEADER_BYTES
        ? CONFLUENT_HEADER_BYTES
        : { reason: 'no id of a schema is before it' };
    case 'single_object':
      return value.subarray(0, SINGLE_OBJECT_HEADER_BYTES).equals(singleObject)
        ? SINGLE_OBJECT_HEADER_BYTES
        : { reason: 'the fingerprint before it is not that of its schema' };
    default:
      return { reason: framing === undefined ? 'its headers name no framing' : `its framing is called ${framing}` };
  }
}
