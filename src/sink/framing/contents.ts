import type { Origin } from '../../core/encoded.ts';
import { AgentError } from '../../core/errors.ts';
import type { RecordStream } from '../../core/event.ts';
import type { SchemaIds } from '../registry/schema-ids.ts';

/** A published schema, as records name it. */
export interface RecordSchema {
  readonly stream: RecordStream;
  /** `forkcast.v1.ProcessEvent`. */
  readonly fullName: string;
  /** CRC-64-AVRO, 16 hexadecimal digits. */
  readonly fingerprint: string;
  /** As a registry gets it. */
  readonly text: string;
}

/** What a record's bytes are to its consumers: what stands before them in the value, and the headers that say so. */
export interface Content {
  readonly prefix: Uint8Array;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Whether it would be the same if it were made now. Absent: always. Cheap enough for each batch. */
  readonly isCurrent?: () => boolean;
}

/** Of the records of a stream that one run wrote. Rejects where the schema's id cannot be had. */
export type ContentOf = (stream: RecordStream, topic: string, origin: Origin | undefined) => Content | Promise<Content>;

export const FRAMINGS = ['single_object', 'confluent', 'raw'] as const;

export interface ContentOptions {
  readonly framing: (typeof FRAMINGS)[number];
  /** Those of the records of this run. */
  readonly schemas: Readonly<Record<RecordStream, RecordSchema>>;
  readonly hostId: string;
  /** Where the framing is confluent. */
  readonly ids: Pick<SchemaIds, 'idOf' | 'known'> | undefined;
  readonly signal: AbortSignal;
}

/** Of Avro's single-object encoding; the fingerprint follows, little-endian. */
const SINGLE_OBJECT_MARKER = [0xc3, 0x01];
/** Of Confluent's wire format; the id follows, big-endian. */
const CONFLUENT_MARKER = 0;

/**
 * What stands before records, and what their headers say of them: the host, the schema, and how they are framed. Rejects with RECORD_REJECTED where records
 * that waited in a spool have a schema that cannot be named so: rather none of them than one that consumers read by the wrong schema.
 */
export function createContentOf({ framing, schemas, hostId, ids, signal }: ContentOptions): ContentOf {
  return async (stream, topic, origin): Promise<Content> => {
    const newest = schemas[stream];
    const fingerprint = origin === undefined ? newest.fingerprint : fingerprintIn(origin, stream);
    const headers = [
      ['schema', `${newest.fullName}/${fingerprint}`],
      ['host-id', hostId],
      ['content-type', `application/vnd.apache.avro; framing=${framing}`],
    ] as const;
    switch (framing) {
      case 'raw':
        return { prefix: new Uint8Array(0), headers };
      case 'single_object':
        return { prefix: Buffer.concat([Buffer.from(SINGLE_OBJECT_MARKER), Buffer.from(fingerprint, 'hex').toReversed()]), headers };
      case 'confluent': {
        // The id that the registry gives is that of the newest: it knows no other text.
        if (fingerprint !== newest.fingerprint) throw unnamed(`the schema ${newest.fullName}/${fingerprint}, whose id is not known`);
        if (ids === undefined) return { prefix: confluentPrefix(0), headers };
        const wanted = { topic, ...newest };
        const id = await ids.idOf(wanted, signal);
        return { prefix: confluentPrefix(id), headers, isCurrent: () => ids.known(wanted) === id };
      }
    }
  };
}

/** Of records that are JSON: nothing before them, and by which schema they go in their headers. */
export function createViewOf(schemas: Readonly<Record<RecordStream, string>>, hostId: string): ContentOf {
  const contentOf = (stream: RecordStream): Content => ({
    prefix: new Uint8Array(0),
    headers: [
      ['schema', schemas[stream]],
      ['host-id', hostId],
      ['content-type', 'application/json'],
    ],
  });
  const contents = { process: contentOf('process'), agent: contentOf('agent') };
  return (stream) => contents[stream];
}

function confluentPrefix(id: number): Uint8Array {
  const prefix = Buffer.alloc(5, CONFLUENT_MARKER);
  prefix.writeUInt32BE(id, 1);
  return prefix;
}

/** A record that waited in a spool says by which schema an earlier run wrote it, see `recordFormat`. */
function fingerprintIn({ format }: Origin, stream: RecordStream): string {
  const [encoding, ...schemas] = format.split(' ');
  const found = schemas.find((part) => part.startsWith(`${stream}=`))?.slice(stream.length + 1);
  if (encoding !== 'avro' || found === undefined) throw unnamed(`the format ${format}, which names no Avro schema for it`);
  return found;
}

function unnamed(what: string): AgentError {
  return new AgentError('RECORD_REJECTED', `an earlier run wrote it, and it has ${what}`, {
    fix: 'Go back to the version and the configuration that wrote it, and replay it: forkcast dlq replay.',
  });
}
