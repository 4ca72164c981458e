import type { Type } from 'avsc';
import { AgentError } from '../../core/errors.ts';
import type { AgentEvent } from '../../core/agent-event.ts';
import type { AnyEvent } from '../../core/any-event.ts';
import type { ProcessEvent, RecordStream } from '../../core/event.ts';
import { publishedSchema } from './schemas.ts';
import { avroType } from './types.ts';

type Resolver = ReturnType<Type['createResolver']>;

/** Reads records written with one schema as events of the newest one. */
export class RecordReader {
  readonly stream: RecordStream;
  readonly #type: Type;
  readonly #resolver: Resolver | undefined;

  constructor(stream: RecordStream, type: Type, resolver?: Resolver) {
    this.stream = stream;
    this.#type = type;
    this.#resolver = resolver;
  }

  /** The record at `at` and the offset after it; undefined when the bytes end within it. Throws when they are no such record. */
  read(bytes: Buffer, at: number): { readonly event: AnyEvent; readonly end: number } | undefined {
    const decoded = this.#type.decode(bytes, at, this.#resolver);
    if (decoded.offset < 0) return undefined;
    const value: unknown = decoded.value;
    const event: AnyEvent =
      this.stream === 'process' ? { stream: 'process', event: value as ProcessEvent } : { stream: 'agent', event: value as AgentEvent };
    return { event, end: decoded.offset };
  }
}

const newest = new Map<RecordStream, RecordReader>();

/** For records written with the newest schema. */
export function newestReader(stream: RecordStream): RecordReader {
  let reader = newest.get(stream);
  if (reader === undefined) {
    reader = new RecordReader(stream, avroType(publishedSchema(stream).json));
    newest.set(stream, reader);
  }
  return reader;
}

const STREAMS: readonly RecordStream[] = ['process', 'agent'];

/** For records written with `schemaText`, any published version. Throws FILE_CORRUPT when it is no schema of ours. */
export function readerFor(schemaText: string): RecordReader {
  const same = STREAMS.find((stream) => publishedSchema(stream).text === schemaText);
  return same === undefined ? resolvingReader(schemaText) : newestReader(same);
}

function resolvingReader(schemaText: string): RecordReader {
  const writer = parsed(schemaText);
  const stream = STREAMS.find((candidate) => publishedSchema(candidate).fullName === writer.name);
  if (stream === undefined) {
    throw new AgentError('FILE_CORRUPT', `its records are ${writer.name ?? writer.typeName}, not forkcast's`, {
      fix: 'Only files written by forkcast can be read.',
    });
  }
  const type = avroType(publishedSchema(stream).json);
  try {
    return new RecordReader(stream, type, type.createResolver(writer));
  } catch (cause) {
    throw new AgentError('FILE_CORRUPT', `its ${writer.name} cannot be read with this version's schema: ${(cause as Error).message}`, {
      cause,
      fix: 'Read it with the version of forkcast that wrote it, or a newer one.',
    });
  }
}

function parsed(schemaText: string): Type {
  try {
    return avroType(JSON.parse(schemaText));
  } catch (cause) {
    throw new AgentError('FILE_CORRUPT', `its schema is invalid: ${(cause as Error).message}`, { cause });
  }
}
