import type { NatsConnection } from '@nats-io/transport-node';
import { AgentError } from '../../core/errors.ts';
import { escapeText } from '../../core/text.ts';
import { formatSize } from '../../core/units.ts';
import { creationCommand } from './ensure-config.ts';
import type { EnsuredStream } from './ensure-config.ts';
import { missingRight, refused } from './explain.ts';
import { apiCodeOf, managerOf, streamState, whyUnheard } from './stream-state.ts';

const MS_IN_NS = 1_000_000;
/** The whole size that a stream may have is taken into account when it is created, and not only what is in it. */
const TOO_LITTLE_ROOM = new Set([10023, 10028, 10047]);
const SUBJECTS_OVERLAP = 10065;
const SEE = 'See whether JetStream has a leader, and what the log of the servers says.';

/** Creates the stream where there is none. Rejects with SINK_REFUSED and SINK_UNREACHABLE. */
export async function ensureStream(
  connection: NatsConnection,
  { name, timeoutMs, ...wanted }: EnsuredStream & { readonly name: string; readonly timeoutMs: number },
): Promise<'there' | 'created'> {
  const state = await streamState(connection, name, timeoutMs);
  if (state.kind === 'there') return 'there';
  if (state.kind === 'unknown') throw unasked(state.error, name);
  if (state.kind === 'disabled') throw whyUnheard(state, '', { name, subjects: wanted.subjects });
  try {
    await (
      await managerOf(connection, timeoutMs)
    ).streams.add({
      name,
      subjects: [...wanted.subjects],
      storage: wanted.storage,
      discard: wanted.discard,
      num_replicas: wanted.replicas,
      max_bytes: wanted.maxBytes,
      max_age: wanted.maxAgeMs * MS_IN_NS,
      duplicate_window: Math.min(wanted.dedupeWindowMs, wanted.maxAgeMs) * MS_IN_NS,
    });
    return 'created';
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    throw uncreated(cause, { ...wanted, name });
  }
}

function unasked(cause: Error, name: string): AgentError {
  const right = missingRight(cause);
  if (right !== undefined)
    return refused(
      `the agent may not ask whether the stream ${name} is there`,
      `Allow it to publish to ${right}, or create the stream by hand and remove ensure_stream.`,
      cause,
    );
  return new AgentError('SINK_UNREACHABLE', `whether the stream ${name} is there cannot be asked: ${escapeText(cause.message)}`, {
    cause,
    fix: SEE,
  });
}

function uncreated(cause: Error, wanted: EnsuredStream & { readonly name: string }): AgentError {
  const { name, maxBytes } = wanted;
  const right = missingRight(cause);
  if (right !== undefined)
    return refused(
      `there is no stream ${name}, and the agent may not create it`,
      `Allow it to publish to ${right}, or create the stream: ${creationCommand(name, wanted)}`,
      cause,
    );
  const message = `the stream ${name} cannot be created: ${escapeText(cause.message)}`;
  const code = apiCodeOf(cause);
  if (TOO_LITTLE_ROOM.has(code))
    return refused(message, `Lower ensure_stream.max_size (now ${formatSize(maxBytes)}), or give the servers more storage.`, cause);
  if (code === SUBJECTS_OVERLAP)
    return refused(message, 'Set stream to the one that takes these subjects, or give the sink others (subject, agent_subject).', cause);
  // What the server says is about what it was asked for; that it says nothing may pass.
  if (code !== 0) return refused(message, 'Correct ensure_stream, or give the servers what it asks for.', cause);
  return new AgentError('SINK_UNREACHABLE', message, {
    cause,
    fix: SEE,
  });
}
