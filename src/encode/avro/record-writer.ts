import type { Type } from 'avsc';
import { AgentError } from '../../core/errors.ts';
import type { AgentEvent } from '../../core/agent-event.ts';
import type { Host, ProcessEvent, RecordStream } from '../../core/event.ts';
import { publishedSchema } from './schemas.ts';
import { avroType } from './types.ts';
import type { NamedTypes } from './types.ts';

/**
 * Writes records of one stream. A record's binary form is the concatenation of its fields', so `host`, the same for thousands of events, is
 * encoded once and copied:
 *
 *     prefix | fields before host | host | fields after host
 */
export class RecordWriter {
  readonly #prefix: Uint8Array;
  readonly #head: Type;
  readonly #tail: Type;
  readonly #hosts: HostBytes;

  constructor(stream: RecordStream, prefix: Uint8Array) {
    const { fields, namespace } = publishedSchema(stream).json;
    const named: NamedTypes = { registry: {}, namespace };
    const at = fields.findIndex((field) => field.name === 'host');
    const host = fields[at];
    if (host === undefined) throw new AgentError('BUG', `the schema of ${stream} events has no host field`);
    this.#prefix = prefix;
    this.#head = avroType({ type: 'record', name: 'BeforeHost', fields: fields.slice(0, at) }, named);
    this.#hosts = new HostBytes(avroType(host.type, named));
    this.#tail = avroType({ type: 'record', name: 'AfterHost', fields: fields.slice(at + 1) }, named);
  }

  /**
   * The position after the record, or minus the number of bytes (at least) that did not fit into `buffer`. Throws what avsc throws for a
   * value that does not fit its type.
   */
  write(event: ProcessEvent | AgentEvent, buffer: Buffer, start: number): number {
    const host = this.#hosts.of(event.host);
    const headAt = start + this.#prefix.length;
    if (headAt > buffer.length) return buffer.length - headAt;
    buffer.set(this.#prefix, start);
    const hostAt = this.#head.encode(event, buffer, headAt);
    if (hostAt < 0) return hostAt;
    const tailAt = hostAt + host.length;
    if (tailAt > buffer.length) return buffer.length - tailAt;
    buffer.set(host, hostAt);
    return this.#tail.encode(event, buffer, tailAt);
  }
}

/** Encoded hosts by object identity. Two are in use at a time, with and without labels; a third replaces the older one. */
class HostBytes {
  readonly #type: Type;
  #host: Host | undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  #otherHost: Host | undefined;
  #otherBytes: Uint8Array = new Uint8Array(0);

  constructor(type: Type) {
    this.#type = type;
  }

  of(host: Host): Uint8Array {
    if (host === this.#host) return this.#bytes;
    if (host === this.#otherHost) return this.#otherBytes;
    const bytes = this.#type.toBuffer(host);
    this.#otherHost = this.#host;
    this.#otherBytes = this.#bytes;
    this.#host = host;
    this.#bytes = bytes;
    return bytes;
  }
}
