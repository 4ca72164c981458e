import { AgentError } from '../../core/errors.ts';
import type { Host } from '../../core/event.ts';
import { NO_ROOM, putRaw, RESERVE } from './put.ts';

/** What is generated from the schema of a stream: functions that write at a position of a buffer and return the one after it, as put.ts says. */
export interface RecordFunctions<T> {
  readonly putBeforeHost: (buf: Buffer, at: number, event: T) => number;
  readonly putHost: (buf: Buffer, at: number, host: Host) => number;
  readonly putAfterHost: (buf: Buffer, at: number, event: T) => number;
  /** The most that a record takes, without what is of any length. */
  readonly boundedBytes: number;
}

/**
 * Writes records of one stream. A record's binary form is the concatenation of its fields', so `host`, the same for thousands of events, is
 * encoded once and copied:
 *
 *     prefix | fields before host | host | fields after host
 */
export class RecordWriter<T extends { readonly host: Host }> {
  readonly #prefix: Uint8Array;
  readonly #functions: RecordFunctions<T>;
  readonly #hosts: HostBytes;

  constructor(functions: RecordFunctions<T>, prefix: Uint8Array) {
    if (functions.boundedBytes > RESERVE)
      throw new AgentError('BUG', `a record may take ${functions.boundedBytes} bytes where ${RESERVE} are free`);
    this.#prefix = prefix;
    this.#functions = functions;
    this.#hosts = new HostBytes(functions.putHost);
  }

  /** The position after the record. Throws NO_ROOM where `buffer` is too small, and a TypeError for a value that does not fit its type. */
  write(event: T, buffer: Buffer, start: number): number {
    const { putBeforeHost, putAfterHost } = this.#functions;
    const host = this.#hosts.of(event.host);
    const hostAt = putBeforeHost(buffer, putRaw(buffer, start, this.#prefix), event);
    return putAfterHost(buffer, putRaw(buffer, hostAt, host), event);
  }
}

/** Encoded hosts by object identity. Two are in use at a time, with and without labels; a third replaces the older one. */
class HostBytes {
  readonly #put: RecordFunctions<unknown>['putHost'];
  #host: Host | undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  #otherHost: Host | undefined;
  #otherBytes: Uint8Array = new Uint8Array(0);

  constructor(put: RecordFunctions<unknown>['putHost']) {
    this.#put = put;
  }

  of(host: Host): Uint8Array {
    if (host === this.#host) return this.#bytes;
    if (host === this.#otherHost) return this.#otherBytes;
    const bytes = this.#encode(host);
    this.#otherHost = this.#host;
    this.#otherBytes = this.#bytes;
    this.#host = host;
    this.#bytes = bytes;
    return bytes;
  }

  #encode(host: Host): Uint8Array {
    for (let size = 2 * RESERVE; ; size *= 2) {
      const buffer = Buffer.allocUnsafeSlow(size);
      try {
        return Uint8Array.from(buffer.subarray(0, this.#put(buffer, 0, host)));
      } catch (cause) {
        if (cause !== NO_ROOM) throw cause;
      }
    }
  }
}
