import { jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { AgentError } from '../../core/errors.ts';
import { escapeText } from '../../core/text.ts';
import { creationCommand } from './ensure-config.ts';
import type { EnsuredStream } from './ensure-config.ts';
import { refused } from './explain.ts';

/** The stream of a sink, and what it is to take. */
export interface WantedStream {
  readonly name: string;
  readonly subjects: readonly string[];
}

/** What became of the question for a stream. */
export type StreamState =
  | { readonly kind: 'there'; readonly info: StreamInfo }
  | { readonly kind: 'missing' }
  /** There is no JetStream for this account. */
  | { readonly kind: 'disabled' }
  /** It cannot be known: no answer, or no right to ask. */
  | { readonly kind: 'unknown'; readonly error: Error };

const STREAM_NOT_FOUND = 10059;
/** Of JetStream itself, and of the account. */
const DISABLED = new Set([10039, 10076]);
const MS_IN_NS = 1_000_000;

export async function streamState(connection: NatsConnection, name: string, timeoutMs: number): Promise<StreamState> {
  try {
    const manager = await managerOf(connection, timeoutMs);
    return { kind: 'there', info: await manager.streams.info(name) };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const code = apiCodeOf(error);
    if (code === STREAM_NOT_FOUND) return { kind: 'missing' };
    if (DISABLED.has(code) || error.name === 'JetStreamNotEnabled') return { kind: 'disabled' };
    return { kind: 'unknown', error };
  }
}

/** Why nobody listens to a subject that the stream should listen to. */
export function whyUnheard(state: StreamState, subject: string, { name, subjects }: WantedStream): AgentError {
  switch (state.kind) {
    case 'missing':
      return refused(`there is no stream ${name}`, `Create it: ${creationCommand(name, { subjects })}`);
    case 'disabled':
      return refused(
        'the server has no JetStream for this account',
        'Enable JetStream on the servers and for the account, or set mode: core.',
      );
    case 'unknown':
      return new AgentError(
        'SINK_UNREACHABLE',
        `nobody takes ${subject}, and what is with the stream ${name} cannot be asked: ${escapeText(state.error.message)}`,
        {
          cause: state.error,
          fix: `Check that the stream ${name} is there, and takes ${subjects.join(' and ')}.`,
        },
      );
    case 'there':
      return whyDeaf(state.info, subject, name);
  }
}

function whyDeaf({ config, cluster }: StreamInfo, subject: string, name: string): AgentError {
  if (cluster !== undefined && cluster.leader === undefined)
    return new AgentError('SINK_UNREACHABLE', `the stream ${name} has no leader at present`, {
      fix: 'Start the other servers of the cluster.',
    });
  if (!config.subjects?.some((pattern) => matches(pattern, subject)))
    return refused(
      `the stream ${name} does not take ${subject}`,
      `Add it to the subjects of the stream (now ${(config.subjects ?? []).join(', ')}): nats stream edit ${name} --subjects=…`,
    );
  return new AgentError('SINK_UNREACHABLE', `the stream ${name} took nothing a moment ago`, {
    fix: 'See the log of the server, if it goes on.',
  });
}

/** Creates the stream where there is none. Rejects with SINK_REFUSED and SINK_UNREACHABLE. */
export async function ensureStream(
  connection: NatsConnection,
  { name, timeoutMs, ...wanted }: EnsuredStream & { readonly name: string; readonly timeoutMs: number },
): Promise<'there' | 'created'> {
  const state = await streamState(connection, name, timeoutMs);
  if (state.kind === 'there') return 'there';
  if (state.kind !== 'missing') throw whyUnheard(state, wanted.subjects[0] ?? '', { name, subjects: wanted.subjects });
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
      duplicate_window: wanted.dedupeWindowMs * MS_IN_NS,
    });
    return 'created';
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    const message = `the stream ${name} cannot be created: ${escapeText(cause.message)}`;
    // What the server says is about what it was asked for; that it says nothing may pass.
    if (apiCodeOf(cause) !== 0) throw refused(message, 'Correct ensure_stream, or give the servers what it asks for.', cause);
    throw new AgentError('SINK_UNREACHABLE', message, {
      cause,
      fix: 'Check that the agent may publish to $JS.API.STREAM.CREATE.*, or create the stream by hand.',
    });
  }
}

/** Whether a subject is one of those that a pattern with `*` and `>` stands for. */
export function matches(pattern: string, subject: string): boolean {
  const [wanted, tokens] = [pattern.split('.'), subject.split('.')];
  for (const [i, token] of wanted.entries()) {
    if (token === '>') return tokens.length > i;
    if (i >= tokens.length || (token !== '*' && token !== tokens[i])) return false;
  }
  return wanted.length === tokens.length;
}

function managerOf(connection: NatsConnection, timeout: number): Promise<JetStreamManager> {
  return jetstreamManager(connection, { checkAPI: false, timeout });
}

/** 0: it is not of the JetStream API. */
function apiCodeOf(error: Error): number {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' ? code : 0;
}
