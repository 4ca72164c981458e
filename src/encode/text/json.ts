import type { Encoder } from '../../core/component.ts';
import type { Encoded } from '../../core/encoded.ts';
import type { AnyEvent } from '../../core/any-event.ts';
import { publishedSchema } from '../avro/schemas.ts';
import { jsonPrinter } from './json-printer.ts';
import type { JsonOptions } from './json-printer.ts';

/**
 * Events as JSON, one object each without a line end, with the names and the order of the schema. Ids are UUID text, times ISO 8601 in UTC with microseconds,
 * other bytes base64; numbers stay numbers, since none is beyond 2^53 − 1. Fields that are null are left out unless asked for. Control and
 * bidirectional characters are written as escapes, so that a line can be shown on a terminal.
 */
export function createJsonEncoder(options: JsonOptions = {}): Encoder<AnyEvent> {
  const process = jsonPrinter(publishedSchema('process').json, options);
  const agent = jsonPrinter(publishedSchema('agent').json, options);
  return {
    encode({ stream, event }): Encoded {
      const text = stream === 'process' ? process(event) : agent(event);
      return { stream, kind: event.kind, sequence: event.sequence ?? 0, timeUs: event.time, bytes: Buffer.from(text, 'utf8') };
    },
  };
}
