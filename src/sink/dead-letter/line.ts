/*
 * A dead letter is one line of JSON, version 1:
 *
 *   { "v": 1, "time": when it was put aside (ISO 8601, UTC), "sink": name, "sink_id": UUID or null, "code": of the error, "reason": its message,
 *     "agent_id": UUID of the run that made the record, "sequence": its number in that run, 0 for a CHECKPOINT, "stream": "process" | "agent",
 *     "kind": of the event, "event_time_us": microseconds since the epoch, "format": what the bytes are, "bytes": the record, base64 }
 *
 * Lines end with a line feed; what follows the last one is the beginning of a line whose writing was interrupted, and was never confirmed.
 */
import { isUuidText } from '../../core/uuid.ts';
import type { Encoded } from '../../core/encoded.ts';
import type { RecordStream } from '../../core/event.ts';

export interface DeadLetter {
  readonly time: string;
  readonly sink: string;
  readonly sinkId: string | null;
  readonly code: string;
  readonly reason: string;
  readonly agentId: string;
  readonly sequence: number;
  readonly stream: RecordStream;
  readonly kind: string;
  readonly eventTimeUs: number;
  readonly format: string;
  readonly bytes: Uint8Array;
}

/** A message may quote what it is about. */
const MAX_REASON = 1000;

export function letterLine(letter: DeadLetter): string {
  const { time, sink, sinkId, code, reason, agentId, sequence, stream, kind, eventTimeUs, format, bytes } = letter;
  const line = {
    v: 1,
    time,
    sink,
    sink_id: sinkId,
    code,
    reason: reason.slice(0, MAX_REASON),
    agent_id: agentId,
    sequence,
    stream,
    kind,
    event_time_us: eventTimeUs,
    format,
    bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
  };
  return `${JSON.stringify(line)}\n`;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  v: (value) => value === 1,
  time: (value) => isText(value) && !Number.isNaN(Date.parse(value)),
  sink: isText,
  sink_id: (value) => value === null || isUuidText(value),
  code: isText,
  reason: isText,
  agent_id: isUuidText,
  sequence: isCount,
  stream: (value) => value === 'process' || value === 'agent',
  kind: isText,
  event_time_us: isCount,
  format: isText,
  bytes: (value) => isText(value) && BASE64.test(value),
};

/** The dead letter that a line without its line feed holds, or what is wrong with it, as the end of a sentence. */
export function parseLetter(line: string): DeadLetter | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // Why it is no JSON depends on which byte is damaged, and helps nobody.
    return 'is not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is not an object';
  const fields = value as Readonly<Record<string, unknown>>;
  const wrong = Object.keys(FIELDS).find((name) => FIELDS[name]?.(fields[name]) !== true);
  if (wrong !== undefined) return wrong === 'v' ? 'is of another version' : `has no usable ${wrong}`;
  return {
    time: fields['time'] as string,
    sink: fields['sink'] as string,
    sinkId: fields['sink_id'] as string | null,
    code: fields['code'] as string,
    reason: fields['reason'] as string,
    agentId: fields['agent_id'] as string,
    sequence: fields['sequence'] as number,
    stream: fields['stream'] as RecordStream,
    kind: fields['kind'] as string,
    eventTimeUs: fields['event_time_us'] as number,
    format: fields['format'] as string,
    bytes: Buffer.from(fields['bytes'] as string, 'base64'),
  };
}

/** `<agent_id>:<sequence>`, as events are named everywhere. */
export function letterId({ agentId, sequence }: Pick<DeadLetter, 'agentId' | 'sequence'>): string {
  return `${agentId}:${sequence}`;
}

export function recordOf({ stream, kind, sequence, eventTimeUs, bytes }: DeadLetter): Encoded {
  return { stream, kind, sequence, timeUs: eventTimeUs, bytes };
}
