import type { Type } from 'avsc';
import { AgentError } from '../../core/errors.ts';
import type { AnyEvent } from '../../core/any-event.ts';
import type { RecordStream } from '../../core/event.ts';
import { publishedSchema } from './schemas.ts';
import { avroType } from './types.ts';

const whole: Partial<Record<RecordStream, Type>> = {};

/**
 * The error for an event that does not fit its schema. Names the first field at fault and what kind of value it has; the value itself may
 * be secret.
 */
export function unencodable({ stream, event }: AnyEvent, cause: unknown): AgentError {
  const schema = publishedSchema(stream);
  const type = (whole[stream] ??= avroType(schema.json));
  let fault: { path: string; found: string; expected: string } | undefined;
  type.isValid(event, {
    errorHook: (path, value, expected) => {
      fault ??= {
        path: path.join('.') || schema.json.name,
        found: kindOf(value),
        expected: expected.typeName === 'union:unwrapped' ? 'null or a value' : (expected.name ?? expected.typeName),
      };
    },
  });
  const what = fault === undefined ? (cause as Error).message : `${fault.path} is ${fault.found}, not ${fault.expected}`;
  return new AgentError(
    'RECORD_UNENCODABLE',
    `${schema.json.name} ${event.kind} ${event.sequence ?? ''} does not fit its schema: ${what}`,
    {
      cause,
      context: { stream, kind: event.kind, sequence: event.sequence, field: fault?.path },
    },
  );
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'number') return `the number ${value}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return Array.isArray(value) ? 'an array' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}
