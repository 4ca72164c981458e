import { AgentError } from '../core/errors.ts';
import { escapeText } from '../core/text.ts';
import { readFramedRecord } from '../encode/avro/framed-record.ts';
import type { FramedRecord } from '../encode/avro/framed-record.ts';
import { KafkaFault } from '../sink/kafka/fault.ts';
import { TopicReader } from '../sink/kafka/platformatic/topic-reader.ts';
import type { Bounds, StoredRecord } from '../sink/kafka/platformatic/topic-reader.ts';
import { agentErrorOf } from '../sink/kafka/reaction.ts';
import type { TopicTemplate } from '../sink/kafka/topic-template.ts';
import type { Place } from '../verify/evidence.ts';
import type { Verifier } from '../verify/verifier.ts';
import type { CliIo } from './io.ts';
import { evidenceOf } from './verify-evidence.ts';
import { kafkaTarget } from './verify-kafka-target.ts';
import type { KafkaOptions, KafkaTarget } from './verify-kafka-target.ts';
import type { Reading } from './verify-reading.ts';
import { say } from './verify-say.ts';

/** As many damaged records are named. */
const MAX_NAMED = 20;

/** What the client says to a sink that writes. */
const FIXES: Readonly<Record<string, string>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'Correct the name of the topic, with --topic and --agent-topic or in the sink.',
  TOPIC_AUTHORIZATION_FAILED: 'Allow this user to READ and DESCRIBE the topic.',
};

interface Foreign {
  readonly first: string;
  count: number;
}

/** What is found on the way. */
class Findings {
  nowUs = Date.now() * 1000;
  bounds: readonly Bounds[] = [];
  records = 0;
  damaged = 0;
  /** Records do not say which sink they come from: those of one check are taken for those of one, as its checkpoints name it. By partition. */
  readonly #places = new Map<string, Place>();
  /** By topic. */
  readonly foreign = new Map<string, Foreign>();

  placeOf(partition: Pick<Bounds, 'topic' | 'partition'>): Place {
    const name = nameOf(partition);
    let place = this.#places.get(name);
    if (place === undefined) {
      place = { place: 'kafka', sink: null, partition: name };
      this.#places.set(name, place);
    }
    return place;
  }
}

const nameOf = ({ topic, partition }: Pick<Bounds, 'topic' | 'partition'>): string => `${partition}/${topic}`;

/** All records of the topics, up to where they end now, into the verifier. Throws USAGE, CONFIG_…, SINK_… and FILE_TOO_NEW. */
export async function readTopics(verifier: Verifier, options: KafkaOptions, io: CliIo): Promise<Reading> {
  const target = kafkaTarget(options);
  const reader = new TopicReader(target.connection);
  const found = new Findings();
  try {
    const topics = await namesOf(target, reader);
    const onBounds = (bounds: readonly Bounds[]): void => {
      found.bounds = bounds.map(({ topic, partition, begin, end }) => ({ topic, partition, begin, end }));
      found.nowUs = Date.now() * 1000;
      for (const one of bounds) if (one.begin > 0n) verifier.addRemoved(nameOf(one), Number(one.begin));
    };
    for await (const records of reader.read(topics, onBounds)) for (const record of records) await take(record, { verifier, found, io });
    await noteRest(found, io);
    return readingOf(topics, found);
  } catch (error) {
    throw notVerified(error);
  } finally {
    await reader.close();
  }
}

async function namesOf({ topics }: KafkaTarget, reader: TopicReader): Promise<string[]> {
  const names = topics.some(({ isFixed }) => !isFixed) ? await reader.names() : [];
  return [...new Set(topics.flatMap((template) => namesFor(template, names)))];
}

/** What stands for a host or a kind may be any. */
function namesFor(template: TopicTemplate, names: readonly string[]): string[] {
  if (template.isFixed) return [template.text];
  const found = names.filter((name) => template.matches(name)).toSorted();
  if (found.length > 0) return found;
  throw new AgentError('SINK_REFUSED', `there is no topic like ${template.text}`, { fix: FIXES['UNKNOWN_TOPIC_OR_PARTITION'] ?? '' });
}

interface Task {
  readonly verifier: Verifier;
  readonly found: Findings;
  readonly io: CliIo;
}

async function take(stored: StoredRecord, { verifier, found, io }: Task): Promise<void> {
  const record = eventIn(stored);
  switch (record.what) {
    case 'event':
      found.records += 1;
      verifier.add(evidenceOf(record.event), found.placeOf(stored));
      return;
    case 'foreign':
      return countForeign(stored, found);
    case 'view':
      throw new AgentError('USAGE', `${placeOf(stored)} is JSON (${record.schema}): completeness is proven by Avro records only`, {
        fix: 'Verify a topic or the files of a sink with format: avro.',
      });
    case 'unknown_schema':
      throw new AgentError('FILE_TOO_NEW', `${placeOf(stored)} has the schema ${record.schema}, which this version does not know`, {
        fix: 'Verify with the version of forkcast that wrote it, or a newer one.',
      });
    case 'damaged':
      found.damaged += 1;
      if (found.damaged <= MAX_NAMED) await say(io, 'error', `${placeOf(stored)} is damaged: ${record.reason}`);
  }
}

function eventIn({ value, headers }: StoredRecord): FramedRecord {
  if (value === null) return { what: 'foreign' };
  const text = (wanted: string): string | undefined => headers.find(([name]) => name?.toString() === wanted)?.[1]?.toString();
  return readFramedRecord(value, { schema: text('schema'), contentType: text('content-type') });
}

function countForeign(stored: StoredRecord, { foreign }: Findings): void {
  const known = foreign.get(stored.topic);
  if (known === undefined) foreign.set(stored.topic, { first: `partition ${stored.partition}, offset ${stored.offset}`, count: 1 });
  else known.count += 1;
}

const placeOf = ({ topic, partition, offset }: StoredRecord): string =>
  `the record at offset ${offset} of partition ${partition} of ${topic}`;

async function noteRest({ foreign, bounds, damaged }: Findings, io: CliIo): Promise<void> {
  if (damaged > MAX_NAMED) await say(io, 'error', `${damaged - MAX_NAMED} more records are damaged`);
  for (const [topic, { first, count }] of foreign) {
    const what = count === 1 ? '1 record is' : `${count} records are`;
    await say(io, 'note', `in ${topic} ${what} not forkcast's and left out, the first at ${first}`);
  }
  for (const { topic, partition, begin } of bounds.filter((one) => one.begin > 0n))
    await say(io, 'note', `partition ${partition} of ${topic} begins at offset ${begin}: retention or somebody removed what was before it`);
}

function readingOf(topics: readonly string[], { nowUs, bounds, records, damaged, foreign }: Findings): Reading {
  const partitions = bounds.length === 1 ? '1 partition' : `${bounds.length} partitions`;
  return {
    nowUs,
    records,
    where: `${partitions} of ${topics.map((topic) => escapeText(topic)).join(' and ')}`,
    isCut: bounds.some(({ begin }) => begin > 0n),
    trouble: damaged === 0 ? null : 'some records cannot be read',
    facts: {
      topics,
      partitions: bounds.length,
      records,
      damaged_records: damaged,
      foreign_records: Object.fromEntries([...foreign].map(([topic, { count }]) => [topic, count])),
      removed_before: bounds
        .filter(({ begin }) => begin > 0n)
        .map(({ topic, partition, begin }) => ({ topic, partition, offset: Number(begin) })),
    },
  };
}

function notVerified(error: unknown): unknown {
  if (!(error instanceof KafkaFault)) return error;
  const known = agentErrorOf(error);
  const fix = FIXES[error.fault] ?? known.fix;
  return new AgentError(known.code, `cannot verify: ${known.message}`, { cause: error, ...(fix === undefined ? {} : { fix }) });
}
