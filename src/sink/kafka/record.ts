import type { Encoded } from '../../core/encoded.ts';

/** What many records have in common: the run of the agent that made them, their stream and their schema. */
export interface Envelope {
  /** Stands before the bytes of the record in its value: which schema they have. */
  readonly prefix: Uint8Array;
  /** The same on every record, by name. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Identity of an event is this and its sequence, as the header `event-id`. */
  readonly eventIdPrefix: string;
}

/** An event with all that Kafka is told about it. */
export interface KafkaRecord {
  readonly key: Uint8Array;
  readonly envelope: Envelope;
  readonly event: Encoded;
}

export const EVENT_ID = 'event-id';

/** Milliseconds since the epoch. */
export function timestampOf({ timeUs }: Encoded): number {
  return Math.floor(timeUs / 1000);
}
