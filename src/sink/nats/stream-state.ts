import { jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { AgentError } from '../../core/errors.ts';
import { escapeText } from '../../core/text.ts';
import { creationCommand } from './ensure-config.ts';
import { missingRight, refused } from './explain.ts';

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
      return whyUnknown(state.error, subject, { name, subjects });
    case 'there':
      return whyDeaf(state.info, subject, { name, subjects });
  }
}

/** Not a refusal: while a stream has no leader nobody takes anything, either. */
function whyUnknown(cause: Error, subject: string, { name, subjects }: WantedStream): AgentError {
  const right = missingRight(cause);
  const why =
    right === undefined ? `what is with the stream ${name} cannot be asked: ${escapeText(cause.message)}` : `the agent may not ask why`;
  const more = right === undefined ? '' : `; allow the agent to publish to ${right}, and it says more`;
  return new AgentError('SINK_UNREACHABLE', `nobody takes ${subject}, and ${why}`, {
    cause,
    fix: `Check that the stream ${name} is there, and takes ${subjects.join(' and ')}${more}.`,
  });
}

function whyDeaf({ config, cluster }: StreamInfo, subject: string, { name, subjects }: WantedStream): AgentError {
  if (cluster !== undefined && cluster.leader === undefined)
    return new AgentError('SINK_UNREACHABLE', `the stream ${name} has no leader at present`, {
      fix: 'Start the other servers of the cluster.',
    });
  const now = config.subjects ?? [];
  if (!now.some((pattern) => matches(pattern, subject)))
    return refused(
      `the stream ${name} takes ${escapeText(now.join(', '))}, and not ${subject}`,
      `Correct subject in the sink, or let the stream take it: nats stream edit ${name} --subjects='${[...new Set([...now, ...subjects])].join(',')}'`,
    );
  return new AgentError('SINK_UNREACHABLE', `the stream ${name} took nothing a moment ago`, {
    fix: 'See the log of the server, if it goes on.',
  });
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

export function managerOf(connection: NatsConnection, timeout: number): Promise<JetStreamManager> {
  return jetstreamManager(connection, { checkAPI: false, timeout });
}

/** 0: it is not of the JetStream API. */
export function apiCodeOf(error: Error): number {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' ? code : 0;
}
