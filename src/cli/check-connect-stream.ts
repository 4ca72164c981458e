import { AgentError } from '../core/errors.ts';
import { formatDuration, roundSize } from '../core/units.ts';
import { creationCommand } from '../sink/nats/ensure-config.ts';
import type { EnsuredStream } from '../sink/nats/ensure-config.ts';
import type { AccountReport } from '../sink/nats/server-inspector.ts';
import { matches } from '../sink/nats/stream-state.ts';
import type { StreamState } from '../sink/nats/stream-state.ts';
import { bad, doubtful, good } from './check-connect-finding.ts';
import type { ItemFinding } from './check-connect-finding.ts';

type StreamInfo = Extract<StreamState, { kind: 'there' }>['info'];
type StreamConfig = StreamInfo['config'];

/** What a sink will send to its stream. */
export interface StreamWriter {
  /** All its subjects, on this machine; and the same with `*` for what differs between machines. */
  readonly subjects: readonly string[];
  readonly wildcards: readonly string[];
  /** The largest message, where it is a batch; null: each event is a message. */
  readonly maxBytes: number | null;
}

const NS_PER_MS = 1_000_000;
/** As long as an agent may take to connect to another server and send again what was not acknowledged. */
const LEAST_WINDOW_MS = 30_000;
/** In place of a limit where there is none. */
const isLimit = (value: number | undefined): value is number => value !== undefined && value > 0;

/** What a stream that is there means for who writes to it. */
export function streamFindings(info: StreamInfo, writer: StreamWriter): ItemFinding[] {
  const { config } = info;
  return [
    stateFinding(info),
    subjectFinding(config, writer),
    storageFinding(config),
    dedupeFinding(config),
    limitsFinding(config),
    ...retentionFindings(config),
    ...sizeFindings(config, writer),
  ];
}

function stateFinding({ config, state, cluster }: StreamInfo): ItemFinding {
  const item = `stream ${config.name}`;
  const wrong = (message: string, fix: string): ItemFinding => bad(item, new AgentError('SINK_REFUSED', message, { fix }));
  if (config.mirror !== undefined) return wrong('is a mirror: nobody can publish to it', 'Name the stream that it mirrors.');
  if (config.sealed) return wrong('is sealed: it takes nothing more', 'Name another stream, or create it anew.');
  if (config.no_ack)
    return wrong(
      'acknowledges nothing (no_ack), so that nothing is ever known to be stored',
      `Allow it to: nats stream edit ${config.name} --ack`,
    );
  if (cluster !== undefined && cluster.leader === undefined)
    return bad(item, new AgentError('SINK_UNREACHABLE', 'has no leader at present', { fix: 'Start the other servers of the cluster.' }));
  const led = cluster?.leader === undefined || cluster.leader === '' ? '' : `, led by ${cluster.leader}`;
  return good(item, `${state.messages.toLocaleString('en')} messages, ${roundSize(state.bytes)}${led}`);
}

function subjectFinding({ name, subjects: taken }: Partial<StreamConfig>, writer: StreamWriter): ItemFinding {
  const subjects = taken ?? [];
  const item = `${name} subjects`;
  const missing = writer.subjects.filter((subject) => !subjects.some((pattern) => matches(pattern, subject)));
  if (missing.length === 0) return good(item, subjects.join(', '));
  const all = [...new Set([...subjects, ...writer.wildcards])].join(',');
  const message = `takes ${subjects.length === 0 ? 'no subjects' : subjects.join(', ')}, and not ${someOf(missing)}`;
  return bad(item, new AgentError('SINK_REFUSED', message, { fix: `Add what is missing: nats stream edit ${name} --subjects='${all}'` }));
}

function storageFinding({ name, storage, num_replicas: replicas }: StreamConfig): ItemFinding {
  const item = `${name} storage`;
  const found = `${storage}, ${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`;
  if (storage === 'memory')
    return doubtful(item, `${found}: what is in it is gone when its servers restart`, 'Create a stream with storage file.');
  if (replicas === 1)
    return doubtful(
      item,
      `${found}: it is away with its one server, and lost with the one disk`,
      `In a cluster of three: nats stream edit ${name} --replicas=3`,
    );
  return good(item, found);
}

function dedupeFinding({ name, duplicate_window: window }: StreamConfig): ItemFinding {
  const item = `${name} duplicates`;
  const ms = Math.round(window / NS_PER_MS);
  const found = `recognised for ${formatDuration(ms)}`;
  if (ms >= LEAST_WINDOW_MS) return good(item, found);
  return doubtful(
    item,
    `${found}: what is sent again after a change of servers may be stored twice`,
    `Give it more time: nats stream edit ${name} --dupe-window=2m`,
  );
}

function limitsFinding({
  name,
  max_age: age,
  max_bytes: bytes,
  max_msgs: messages,
  discard,
  max_msgs_per_subject: each,
}: StreamConfig): ItemFinding {
  const item = `${name} limits`;
  if (isLimit(each))
    return doubtful(
      item,
      `keeps ${each} of each subject only, and deletes the others from its middle`,
      `Lift that limit: nats stream edit ${name} --max-msgs-per-subject=-1`,
    );
  const limits = [
    ...(isLimit(age) ? [formatDuration(Math.round(age / NS_PER_MS))] : []),
    ...(isLimit(bytes) ? [roundSize(bytes)] : []),
    ...(isLimit(messages) ? [`${messages.toLocaleString('en')} messages`] : []),
  ];
  if (limits.length === 0)
    return doubtful(
      item,
      'has none: it grows until the disks of the servers are full',
      `Give it one: nats stream edit ${name} --max-bytes=10GB --max-age=7d`,
    );
  const then = discard === 'new' ? 'then it refuses what comes, which waits in the queue of the sink' : 'then the oldest go';
  return good(item, `${limits.join(', ')}; ${then}`);
}

/** Of others than `limits` each message goes when it is read, or when nobody is there to read it. */
function retentionFindings({ name, retention }: StreamConfig): ItemFinding[] {
  if (retention === 'limits') return [];
  const what =
    retention === 'workqueue' ? 'deletes each message that somebody has read' : 'deletes each message that nobody is there to read';
  return [
    doubtful(
      `${name} retention`,
      `${retention}: ${what}, and forkcast verify cannot read it`,
      'Create a stream with retention limits for the events, and this one from it (--source).',
    ),
  ];
}

function sizeFindings({ name, max_msg_size: size }: StreamConfig, { maxBytes }: StreamWriter): ItemFinding[] {
  if (!isLimit(size)) return [];
  const item = `${name} size`;
  const found = `takes messages of up to ${roundSize(size)}`;
  if (maxBytes === null || size >= maxBytes) return [good(item, found)];
  return [
    doubtful(
      item,
      `${found}: larger batches (batch.max_bytes ${roundSize(maxBytes)}) are refused at first, and sent in parts`,
      `Set batch.max_bytes of the sink below it, or: nats stream edit ${name} --max-msg-size=${maxBytes}`,
    ),
  ];
}

/** Some of many, for people. */
export function someOf(subjects: readonly string[]): string {
  const [first, ...others] = subjects;
  return others.length < 2 ? subjects.join(' and ') : `${first} and ${others.length} more`;
}

/** A stream that is not there, and is not to be created by the agent. */
export function missingFinding(name: string, subjects: readonly string[]): ItemFinding {
  const fix = `Create it: ${creationCommand(name, { subjects })}`;
  return bad(`stream ${name}`, new AgentError('SINK_REFUSED', 'there is none', { fix }));
}

/** The same where the agent creates it. */
export function toBeCreated(
  name: string,
  wanted: EnsuredStream,
  { account, isClustered }: { account: AccountReport; isClustered: boolean },
): ItemFinding {
  const item = `stream ${name}`;
  const refusedFor = (message: string, fix: string): ItemFinding =>
    bad(item, new AgentError('SINK_REFUSED', `there is none, and the agent cannot create it: ${message}`, { fix }));
  const { replicas, storage, maxBytes } = wanted;
  if (replicas > 1 && !isClustered)
    return refusedFor(`${replicas} replicas need a cluster`, 'Name servers of a cluster, or set ensure_stream.replicas: 1.');
  const { limits, streams, reserved_memory: memory, reserved_storage: disk } = account.tiers?.[`R${replicas}`] ?? account;
  if (limits.max_streams >= 0 && streams >= limits.max_streams)
    return refusedFor(`the account has all ${limits.max_streams} streams that it may have`, 'Allow the account another.');
  const [limit, used] = storage === 'file' ? [limits.max_storage, disk] : [limits.max_memory, memory];
  const needed = maxBytes * (account.tiers === undefined ? replicas : 1);
  if (limit >= 0 && used + needed > limit)
    return refusedFor(
      `the account has ${roundSize(Math.max(0, limit - used))} of ${storage} storage left, and ${roundSize(needed)} are asked for`,
      'Set ensure_stream.max_size to less, or allow the account more.',
    );
  return good(
    item,
    `there is none; the agent creates it, with ${storage} storage, ${replicas === 1 ? '1 replica' : `${replicas} replicas`}, up to ${roundSize(maxBytes)}`,
  );
}
