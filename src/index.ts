/** The library entry: the public contract of the stream and how to read it. */
export { AgentError } from './core/errors.ts';
export type { ErrorCode } from './core/errors.ts';
export type { AgentEvent } from './core/agent-event.ts';
export type { AnyEvent } from './core/any-event.ts';
export type { ProcessEvent, RecordStream } from './core/event.ts';
export { decode } from './encode/decode.ts';
export type { Decoded } from './encode/avro/decoded.ts';
export { publishedSchema } from './encode/avro/schemas.ts';
export type { PublishedSchema } from './encode/avro/schemas.ts';
