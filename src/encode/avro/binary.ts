import type { Encoder } from '../../core/component.ts';
import type { Encoded } from '../../core/encoded.ts';
import type { AgentEvent } from '../../core/agent-event.ts';
import type { AnyEvent } from '../../core/any-event.ts';
import type { ProcessEvent, RecordStream } from '../../core/event.ts';
import { agentFunctions } from './generated/agent-encoder.ts';
import { processFunctions } from './generated/process-encoder.ts';
import { NO_ROOM } from './put.ts';
import { RecordWriter } from './record-writer.ts';
import { unencodable } from './unencodable.ts';

/** About a thousand events: few allocations, and yet one straggler in a queue keeps little memory alive. */
const SLAB_BYTES = 256 * 1024;

export type Prefixes = Readonly<Record<RecordStream, Uint8Array>>;

const NO_PREFIX: Prefixes = { process: new Uint8Array(0), agent: new Uint8Array(0) };

/**
 * Events as Avro binary, each with the bytes of `prefixes` before it (the framing: single-object header, registry schema id). `bytes` are
 * views into shared slabs. Throws AgentError RECORD_UNENCODABLE, naming the field, when an event does not fit its schema. A `host` object
 * is read once and must not be changed afterwards.
 */
export function createAvroEncoder(prefixes: Prefixes = NO_PREFIX): Encoder<AnyEvent> {
  return new AvroEncoder(prefixes);
}

class AvroEncoder implements Encoder<AnyEvent> {
  readonly #process: RecordWriter<ProcessEvent>;
  readonly #agent: RecordWriter<AgentEvent>;
  #slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #used = 0;

  constructor(prefixes: Prefixes) {
    this.#process = new RecordWriter(processFunctions, prefixes.process);
    this.#agent = new RecordWriter(agentFunctions, prefixes.agent);
  }

  encode(any: AnyEvent): Encoded {
    const { stream, event } = any;
    let bytes: Uint8Array;
    try {
      bytes = stream === 'process' ? this.#write(this.#process, any.event) : this.#write(this.#agent, any.event);
    } catch (cause) {
      throw unencodable(any, cause);
    }
    return { stream, kind: event.kind, sequence: event.sequence ?? 0, timeUs: event.time, bytes };
  }

  #write<T extends ProcessEvent | AgentEvent>(writer: RecordWriter<T>, event: T): Uint8Array {
    const start = this.#used;
    try {
      this.#used = writer.write(event, this.#slab, start);
    } catch (cause) {
      if (cause !== NO_ROOM) throw cause;
      return this.#writeElsewhere(writer, event);
    }
    return new Uint8Array(this.#slab.buffer, start, this.#used - start);
  }

  /** The slab is full: the event opens the next one, or keeps the buffer to itself when it fills too much of it. */
  #writeElsewhere<T extends ProcessEvent | AgentEvent>(writer: RecordWriter<T>, event: T): Uint8Array {
    const { buffer, end } = writeToNew(writer, event);
    if (end <= SLAB_BYTES / 2) {
      this.#slab = buffer;
      this.#used = end;
    }
    return new Uint8Array(buffer.buffer, 0, end);
  }
}

function writeToNew<T extends ProcessEvent | AgentEvent>(
  writer: RecordWriter<T>,
  event: T,
): { readonly buffer: Buffer; readonly end: number } {
  for (let size = SLAB_BYTES; ; size *= 2) {
    const buffer = Buffer.allocUnsafeSlow(size);
    try {
      return { buffer, end: writer.write(event, buffer, 0) };
    } catch (cause) {
      if (cause !== NO_ROOM) throw cause;
    }
  }
}
