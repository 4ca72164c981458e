import { AgentError } from '../core/errors.ts';
import { escapeText } from '../core/text.ts';
import { readFramedMessage } from '../encode/avro/framed-batch.ts';
import type { FramedRecord } from '../encode/avro/framed-record.ts';
import { StreamReader } from '../sink/nats/stream-reader.ts';
import type { StreamExtent } from '../sink/nats/stream-reader.ts';
import type { StoredMessage } from '../sink/nats/pulled-messages.ts';
import type { Verifier } from '../verify/verifier.ts';
import type { CliIo } from './io.ts';
import { evidenceOf } from './verify-evidence.ts';
import { jetStreamTarget } from './verify-jetstream-target.ts';
import type { JetStreamOptions, JetStreamTarget } from './verify-jetstream-target.ts';
import { MessagePlaces } from './verify-message-places.ts';
import type { Reading } from './verify-reading.ts';
import { say } from './verify-say.ts';

/** As many damaged messages are named. */
const MAX_NAMED = 20;
const PARTITION = 'stream';
/** A write of a sink goes out in batches by subject, so that its events are mixed: 2 MiB of small ones, or so many times as a batch holds (see `compileBatch`). */
const LEAST_MIXED = 16_384;
const WRITE_BATCHES = 10;

/** What is found on the way. */
class Findings {
  nowUs = Date.now() * 1000;
  extent: StreamExtent | undefined;
  removedMeanwhile = 0;
  messages = 0;
  records = 0;
  /** Of the largest batch. */
  most = 1;
  damaged = 0;
  foreign = 0;
  firstForeign: StoredMessage | undefined;
  readonly places = new MessagePlaces(PARTITION);
}

/** All messages of the stream, up to where it ends now, into the verifier. Throws USAGE, CONFIG_…, SINK_… and FILE_TOO_NEW. */
export async function readStream(verifier: Verifier, options: JetStreamOptions, io: CliIo): Promise<Reading> {
  const target = jetStreamTarget(options);
  const reader = new StreamReader(target, target);
  const found = new Findings();
  try {
    const onExtent = (extent: StreamExtent): void => {
      found.extent = extent;
      found.nowUs = Date.now() * 1000;
      // Also where nothing is removed yet: while it is read, something may be.
      verifier.addRemoved(PARTITION, extent.removed);
    };
    for await (const messages of reader.read(onExtent))
      for (const message of messages) await take(message, { verifier, found, io, target });
    verifier.addRemoved(PARTITION, reader.removedMeanwhile);
    found.removedMeanwhile = reader.removedMeanwhile;
    const { removed } = beginningOf(found);
    // Nobody knows how many events each of them held: as many as one that is left, perhaps.
    if (removed > 0 && found.most > 1) verifier.addRemoved(PARTITION, removed * (found.most - 1));
    if (found.most > 1) verifier.addMixed(Math.max(LEAST_MIXED, WRITE_BATCHES * found.most));
    await noteRest(found, target, io);
    return readingOf(target, found);
  } catch (error) {
    throw notVerified(error);
  } finally {
    await reader.close();
  }
}

/** Of what could be read, and how many messages were before it. */
function beginningOf({ extent, removedMeanwhile }: Findings): Pick<StreamExtent, 'first' | 'removed'> {
  const { first = 1, removed = 0 } = extent ?? {};
  return { first: first + removedMeanwhile, removed: removed + removedMeanwhile };
}

interface Task {
  readonly verifier: Verifier;
  readonly found: Findings;
  readonly io: CliIo;
  readonly target: JetStreamTarget;
}

function take(message: StoredMessage, task: Task): Promise<void> | undefined {
  const { verifier, found } = task;
  const { headers, content } = message;
  const records = readFramedMessage(content, {
    schema: headers.get('schema'),
    contentType: headers.get('content-type'),
    events: headers.get('events'),
  });
  found.messages += 1;
  if (records.length > found.most) found.most = records.length;
  let trouble: Exclude<FramedRecord, { what: 'event' }>[] | undefined;
  for (const record of records) {
    if (record.what !== 'event') {
      (trouble ??= []).push(record);
      continue;
    }
    found.records += 1;
    const evidence = evidenceOf(record.event);
    verifier.add(evidence, found.places.of(headers.get('Nats-Msg-Id'), evidence));
  }
  return trouble === undefined ? undefined : noteTrouble(trouble, message, task);
}

async function noteTrouble(
  records: readonly Exclude<FramedRecord, { what: 'event' }>[],
  message: StoredMessage,
  { found, io, target }: Task,
): Promise<void> {
  for (const record of records)
    switch (record.what) {
      case 'foreign':
        found.foreign += 1;
        found.firstForeign ??= message;
        break;
      case 'view':
        throw new AgentError(
          'USAGE',
          `${placeOf(message, target)} is JSON (${record.schema}): completeness is proven by Avro records only`,
          {
            fix: 'Verify a stream or the files of a sink with format: avro.',
          },
        );
      case 'unknown_schema':
        throw new AgentError(
          'FILE_TOO_NEW',
          `${placeOf(message, target)} has the schema ${record.schema}, which this version does not know`,
          {
            fix: 'Verify with the version of forkcast that wrote it, or a newer one.',
          },
        );
      case 'damaged':
        found.damaged += 1;
        if (found.damaged <= MAX_NAMED) await say(io, 'error', `${placeOf(message, target)} is damaged: ${record.reason}`);
    }
}

const placeOf = ({ sequence, subject }: StoredMessage, { stream }: JetStreamTarget): string =>
  `the message at sequence ${sequence} of the stream ${stream} (${subject})`;

async function noteRest(found: Findings, { stream }: JetStreamTarget, io: CliIo): Promise<void> {
  const { extent, damaged, foreign, firstForeign } = found;
  if (damaged > MAX_NAMED) await say(io, 'error', `${damaged - MAX_NAMED} more are damaged`);
  if (firstForeign !== undefined) {
    const what = foreign === 1 ? '1 message is' : `${foreign} messages are`;
    const first = `the first at sequence ${firstForeign.sequence} (${firstForeign.subject})`;
    await say(io, 'note', `in the stream ${stream} ${what} not forkcast's and left out, ${first}`);
  }
  const { first, removed } = beginningOf(found);
  if (removed > 0)
    await say(io, 'note', `the stream ${stream} begins at sequence ${first}: retention or somebody removed what was before it`);
  if (extent !== undefined && extent.deleted > 0)
    await say(io, 'note', `from the middle of the stream ${stream} ${extent.deleted} messages were deleted, by limits or by somebody`);
}

function readingOf({ stream, subjects }: JetStreamTarget, found: Findings): Reading {
  const { nowUs, messages, records, damaged, foreign, extent, most } = found;
  const { deleted = 0 } = extent ?? {};
  const { first, removed } = beginningOf(found);
  const name = `the stream ${escapeText(stream)}`;
  return {
    nowUs,
    records,
    where: most > 1 ? `${messages.toLocaleString('en')} messages of ${name}` : name,
    isCut: removed > 0,
    trouble: damaged === 0 ? null : 'some messages cannot be read',
    facts: {
      stream,
      subjects,
      messages,
      records,
      damaged_records: damaged,
      foreign_messages: foreign,
      removed_before: removed > 0 ? first : null,
      deleted_messages: deleted,
    },
  };
}

function notVerified(error: unknown): unknown {
  if (!(error instanceof AgentError) || !error.code.startsWith('SINK_')) return error;
  const { code, message, fix } = error;
  return new AgentError(code, `cannot verify: ${message}`, { cause: error, ...(fix === undefined ? {} : { fix }) });
}
