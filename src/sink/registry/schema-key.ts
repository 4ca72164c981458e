import { createHash } from 'node:crypto';
import type { RecordStream } from '../../core/event.ts';
import { subjectOf } from './subject.ts';
import type { SubjectStrategy, TopicRecord } from './subject.ts';

/** The schema that records were written with, and the topic they go to. */
export interface WantedSchema extends TopicRecord {
  readonly stream: RecordStream;
  /** JSON. */
  readonly text: string;
}

/** What an id belongs to. */
export interface SchemaKey {
  readonly subject: string;
  /** SHA-256 of the schema's text, in hex. */
  readonly schema: string;
  /** Both. */
  readonly name: string;
}

export class SchemaKeys {
  readonly #strategy: SubjectStrategy;
  /** Schemas are tens of KiB and few. */
  readonly #hashes = new Map<string, string>();

  constructor(strategy: SubjectStrategy) {
    this.#strategy = strategy;
  }

  of(wanted: WantedSchema): SchemaKey {
    let schema = this.#hashes.get(wanted.text);
    if (schema === undefined) {
      schema = createHash('sha256').update(wanted.text).digest('hex');
      this.#hashes.set(wanted.text, schema);
    }
    const subject = subjectOf(this.#strategy, wanted);
    return { subject, schema, name: `${schema} ${subject}` };
  }
}
