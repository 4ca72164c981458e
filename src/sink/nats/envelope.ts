import type { Encoded } from '../../core/encoded.ts';
import type { RecordStream } from '../../core/event.ts';
import { uuidText } from '../../core/uuid.ts';
import type { ContentOf } from '../framing/contents.ts';
import { Envelopes } from '../framing/envelopes.ts';
import type { Made } from '../framing/envelopes.ts';
import type { SubjectTemplate, SubjectValues } from './subject-template.ts';

/** What the messages of one subject have in common. */
export interface Envelope {
  readonly subject: string;
  /** Stands before the bytes of each record: which schema they have. */
  readonly prefix: Uint8Array;
  /** Run of the agent that made them; with its sequence the identity of an event. */
  readonly agentId: string;
  /** What ids of messages begin with, so that two sinks, or two agents, do not erase each other's events; null: they have none. */
  readonly dedupePrefix: string | null;
  /** The lines of headers that are the same on each. */
  readonly headers: string;
}

export interface EnvelopeOptions {
  readonly subjects: Readonly<Record<RecordStream, SubjectTemplate>>;
  readonly values: SubjectValues;
  /** Run of the agent whose records carry no origin. */
  readonly agentId: Uint8Array;
  readonly sinkId: Uint8Array;
  /** Stream that has to take them; null: none. */
  readonly expectedStream: string | null;
  readonly contentOf: ContentOf;
}

/** Header of the protocol that names the stream which is to take a message: all others refuse it. */
export const EXPECTED_STREAM = 'Nats-Expected-Stream';

export function createEnvelopes(options: EnvelopeOptions): Envelopes<Envelope> {
  const { subjects } = options;
  const byKind = subjects.process.dependsOnKind || subjects.agent.dependsOnKind;
  return new Envelopes((event) => makeEnvelope(event, options), byKind);
}

async function makeEnvelope(event: Encoded, options: EnvelopeOptions): Promise<Made<Envelope>> {
  const { subjects, values, sinkId, expectedStream, contentOf } = options;
  const { stream, origin } = event;
  const { prefix, headers, isCurrent } = await contentOf(stream, subjects[stream].root, origin);
  const agentId = uuidText(origin?.agentId ?? options.agentId);
  const all = expectedStream === null ? headers : [...headers, [EXPECTED_STREAM, expectedStream] as const];
  return {
    envelope: {
      subject: subjects[stream].subjectFor(event, values),
      prefix,
      agentId,
      dedupePrefix: expectedStream === null ? null : `${uuidText(sinkId)}/${agentId}/`,
      headers: all.map(([name, value]) => `${name}: ${value}\r\n`).join(''),
    },
    isCurrent,
  };
}
