import { AgentError } from '../../core/errors.ts';
import { errnoName } from '../../core/system-error.ts';
import { excerpt } from '../../core/text.ts';

/**
 * What is wrong with a container engine. absent: nothing is there; permission: it may not be used; unreachable: the connection failed or broke;
 * timeout: no answer in time; status: an HTTP status that was not expected; oversize, malformed: an answer that is not to be used; bug: ours.
 */
export type TroubleReason = 'absent' | 'permission' | 'unreachable' | 'timeout' | 'status' | 'oversize' | 'malformed' | 'bug';

const FIXES: Partial<Record<TroubleReason, string>> = {
  absent: 'Start the engine, or set enrich.containers.docker to the path of its socket, or to off.',
  permission:
    'Let the user that the agent runs as use the socket (often by the group docker, which is as good as root), or set enrich.containers.docker to off.',
};

const DETAIL_LENGTH = 200;

export interface Trouble {
  readonly reason: TroubleReason;
  readonly socketPath: string;
  /** What happened, as the end of a sentence; may hold text of the engine's. */
  readonly detail: string;
}

/** CONTAINER_ENGINE; `context` carries `reason` and `path`. */
export function engineTrouble({ reason, socketPath, detail }: Trouble, cause?: unknown): AgentError {
  const fix = FIXES[reason];
  return new AgentError(
    'CONTAINER_ENGINE',
    `the container engine at ${excerpt(socketPath, DETAIL_LENGTH)} ${excerpt(detail, DETAIL_LENGTH)}`,
    {
      cause,
      context: { reason, path: socketPath },
      ...(fix === undefined ? {} : { fix }),
    },
  );
}

/** What a connection failed with, as trouble. */
export function connectionTrouble(socketPath: string, cause: unknown): AgentError {
  if (cause instanceof AgentError) return cause;
  const errno = errnoName(cause);
  const detail = cause instanceof Error ? cause.message : String(cause);
  // Nobody listens on a socket that a dead engine left behind.
  if (errno === 'ENOENT' || errno === 'ECONNREFUSED')
    return engineTrouble({ reason: 'absent', socketPath, detail: `is not there: ${errno}` }, cause);
  if (errno === 'EACCES' || errno === 'EPERM')
    return engineTrouble({ reason: 'permission', socketPath, detail: `may not be used: ${errno}` }, cause);
  return engineTrouble({ reason: 'unreachable', socketPath, detail: `cannot be reached: ${detail}` }, cause);
}

export function reasonOf(error: AgentError): TroubleReason {
  return error.code === 'CONTAINER_ENGINE' ? (error.context['reason'] as TroubleReason) : 'bug';
}
