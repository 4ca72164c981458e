import { AgentError } from '../core/errors.ts';
import { formatDuration, roundSize } from '../core/units.ts';
import { userText } from '../sink/kafka/explain.ts';
import type { PartitionReport, TopicReport } from '../sink/kafka/platformatic/inspector.ts';
import type { Compression } from '../sink/kafka/settings.ts';
import { bad, doubtful, good } from './check-connect-finding.ts';
import type { ItemFinding } from './check-connect-finding.ts';

/** What a sink will do to its topics. */
export interface Writer {
  /** The largest batch, as sent. */
  readonly maxBytes: number;
  readonly compression: Compression;
  /** As access lists know it; null: it says nothing. */
  readonly user: string | null;
}

type Settings = ReadonlyMap<string, string>;

const DAY_MS = 86_400_000;
/** As long as a cluster may be away, or a spool be replayed later, before the times of events are worth a thought. */
const OLD_MS = 7 * DAY_MS;

/** What a topic's partitions and rights tell. */
export function topicFindings({ name, partitions, mayWrite }: TopicReport, { user }: Writer): ItemFinding[] {
  return [partitionFinding(name, partitions), ...writeFindings({ name, mayWrite }, user)];
}

/** What can be said of a topic whose settings are not to be seen. */
export function copiesFindings({ name, partitions }: Pick<TopicReport, 'name' | 'partitions'>): ItemFinding[] {
  const item = `${name} replication`;
  const copies = copiesOf(partitions);
  return [copies === 1 ? singleCopy(item, 'replication factor 1') : good(item, `replication factor ${copies}`)];
}

/** What the settings of a topic mean for who writes to it. */
export function settingFindings({ name, partitions }: TopicReport, settings: Settings, writer: Writer): ItemFinding[] {
  return [
    replicationFinding({ name, partitions }, Number(settings.get('min.insync.replicas') ?? 1)),
    sizeFinding(name, settings, writer),
    compressionFinding(name, settings, writer),
    timeFinding(name, settings),
    cleanupFinding(name, settings),
  ];
}

function partitionFinding(name: string, partitions: readonly PartitionReport[]): ItemFinding {
  const item = `topic ${name}`;
  const count = `${partitions.length} ${partitions.length === 1 ? 'partition' : 'partitions'}`;
  const orphans = partitions.filter(({ isLed }) => !isLed).length;
  if (orphans === 0) return good(item, count);
  const message = `${orphans} of ${count} ${orphans === 1 ? 'has' : 'have'} no leader: nothing can be written there`;
  return bad(item, new AgentError('SINK_UNREACHABLE', message, { fix: 'Start the brokers that hold them.' }));
}

function writeFindings({ name, mayWrite }: Pick<TopicReport, 'name' | 'mayWrite'>, user: string | null): ItemFinding[] {
  if (mayWrite === null) return [];
  const item = `${name} write`;
  if (mayWrite) return [good(item, 'allowed')];
  const who = userText(user);
  const fix = `Allow ${who} to WRITE and DESCRIBE the topic ${name}.`;
  return [bad(item, new AgentError('SINK_REFUSED', `an access list is missing: ${who} may not write to the topic ${name}`, { fix }))];
}

function replicationFinding({ name, partitions }: Pick<TopicReport, 'name' | 'partitions'>, least: number): ItemFinding {
  const item = `${name} replication`;
  const copies = copiesOf(partitions);
  const facts = `replication factor ${copies}, min.insync.replicas ${least}`;
  const unwritable = partitions.filter(({ isLed, inSync }) => isLed && inSync < least).length;
  if (least > copies)
    return notEnough(item, `${facts}: nothing can ever be written`, `Set min.insync.replicas to ${Math.max(1, copies - 1)}.`);
  if (unwritable > 0)
    return notEnough(
      item,
      `${facts}: ${unwritable} of ${partitions.length} partitions have fewer in sync`,
      'Start the brokers that are down.',
    );
  if (copies === 1) return singleCopy(item, facts);
  if (least === 1)
    return doubtful(
      item,
      `${facts}: what was acknowledged may be on one disk only`,
      `Set min.insync.replicas to ${Math.max(2, copies - 1)}.`,
    );
  if (least === copies)
    return doubtful(
      item,
      `${facts}: nothing can be written while any one broker is away`,
      copies > 2 ? `Set min.insync.replicas to ${copies - 1}.` : 'Give the topic replication factor 3.',
    );
  const behind = partitions.filter(({ replicas, inSync }) => inSync < replicas).length;
  if (behind === 0) return good(item, facts);
  return doubtful(
    item,
    `${facts}: ${behind} of ${partitions.length} partitions have replicas that are behind`,
    'Start the brokers that are down.',
  );
}

function copiesOf(partitions: readonly PartitionReport[]): number {
  return Math.min(...partitions.map(({ replicas }) => replicas));
}

function singleCopy(item: string, facts: string): ItemFinding {
  return doubtful(item, `${facts}: what was acknowledged is lost with the one disk it is on`, 'Give the topic replication factor 3.');
}

function notEnough(item: string, message: string, fix: string): ItemFinding {
  return bad(item, new AgentError('SINK_UNREACHABLE', message, { fix }));
}

function sizeFinding(name: string, settings: Settings, { maxBytes }: Writer): ItemFinding {
  const item = `${name} size`;
  const limit = Number(settings.get('max.message.bytes') ?? Number.NaN);
  if (Number.isNaN(limit)) return good(item, 'the broker names no limit');
  const facts = `max.message.bytes ${limit} (${roundSize(limit)})`;
  if (limit >= maxBytes) return good(item, `${facts}, batches up to ${roundSize(maxBytes)}`);
  return doubtful(
    item,
    `${facts} is less than batches may have (${roundSize(maxBytes)}): larger ones are refused first and sent again in halves`,
    `Set max.message.bytes of the topic to ${maxBytes} or more, or batch.max_bytes to ${limit}B or less.`,
  );
}

function compressionFinding(name: string, settings: Settings, { compression }: Writer): ItemFinding {
  const item = `${name} compression`;
  const theirs = settings.get('compression.type') ?? 'producer';
  const kept = theirs === 'uncompressed' ? 'none' : theirs;
  if (kept === 'producer' || kept === compression) return good(item, `compression.type ${theirs}: stored as sent, ${compression}`);
  return doubtful(
    item,
    `compression.type ${theirs}: the broker packs anew what is sent as ${compression}, which costs it time`,
    `Set compression.type of the topic to producer, or compression of the sink to ${kept}.`,
  );
}

function timeFinding(name: string, settings: Settings): ItemFinding {
  const item = `${name} record time`;
  const type = settings.get('message.timestamp.type') ?? 'CreateTime';
  if (type === 'LogAppendTime')
    return doubtful(
      item,
      'message.timestamp.type LogAppendTime: records bear the time of their arrival, not that of the event',
      'Set message.timestamp.type of the topic to CreateTime.',
    );
  const [setting, limit] = beforeLimit(settings);
  if (limit >= OLD_MS) return good(item, `${type}: that of the event`);
  return doubtful(
    item,
    `${setting} ${limit} (${formatDuration(limit)}): older events are refused at first and then sent with the time of sending`,
    `Set ${setting} of the topic to ${OLD_MS} or more.`,
  );
}

/** The second has been the name up to Kafka 3.5. */
function beforeLimit(settings: Settings): readonly [setting: string, ms: number] {
  for (const setting of ['message.timestamp.before.max.ms', 'message.timestamp.difference.max.ms']) {
    const text = settings.get(setting);
    if (text !== undefined) return [setting, Number(text)];
  }
  return ['', Number.POSITIVE_INFINITY];
}

function cleanupFinding(name: string, settings: Settings): ItemFinding {
  const item = `${name} cleanup`;
  const policy = settings.get('cleanup.policy') ?? 'delete';
  if (!policy.includes('compact')) return good(item, `cleanup.policy ${policy}${keptFor(settings)}`);
  return doubtful(
    item,
    `cleanup.policy ${policy}: of each key, which is that of a host by default, only the newest event stays`,
    'Set cleanup.policy of the topic to delete.',
  );
}

function keptFor(settings: Settings): string {
  const ms = Number(settings.get('retention.ms') ?? Number.NaN);
  if (Number.isNaN(ms)) return '';
  return ms < 0 ? ', kept without limit of time' : `, kept for ${formatDuration(ms)}`;
}
