/** Under which name a registry keeps a schema; the names of Confluent's own strategies. */
export const SUBJECT_STRATEGIES = ['topic_name', 'record_name', 'topic_record_name'] as const;
export type SubjectStrategy = (typeof SUBJECT_STRATEGIES)[number];

/** What a record is and where it goes. */
export interface TopicRecord {
  readonly topic: string;
  /** `forkcast.v1.ProcessEvent`. */
  readonly fullName: string;
}

/** The subject of a record's value. Keys have none: they are plain text. */
export function subjectOf(strategy: SubjectStrategy, { topic, fullName }: TopicRecord): string {
  switch (strategy) {
    case 'topic_name':
      return `${topic}-value`;
    case 'record_name':
      return fullName;
    case 'topic_record_name':
      return `${topic}-${fullName}`;
  }
}

/** Both kinds of records under one subject would have to be versions of one schema, which they are not. */
export function needsTwoTopics(strategy: SubjectStrategy): boolean {
  return strategy === 'topic_name';
}
