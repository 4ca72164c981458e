import {
  AuthenticationError,
  GenericError,
  ProtocolError,
  ResponseError,
  TimeoutError,
  protocolErrorsCodesById,
} from '@platformatic/kafka';
import { AgentError } from '../../../core/errors.ts';
import { KafkaFault } from '../fault.ts';
import { socketFault } from '../socket-fault.ts';

/** An error of the client, with all that is inside it, as what it means. `where`: the broker, for the message. */
export function faultOf(error: unknown, where: string): KafkaFault {
  if (error instanceof KafkaFault) return error;
  const chain = causes(error);
  const agentError = chain.find((cause) => cause instanceof AgentError);
  if (agentError !== undefined) return new KafkaFault('CREDENTIALS', agentError.message, { cause: agentError });
  const refused = chain.find((cause) => cause instanceof ProtocolError);
  if (refused !== undefined) return protocolFault(refused, where);
  const socket = socketFault(chain, where);
  if (socket !== undefined) return socket;
  if (chain.some((cause) => cause instanceof AuthenticationError))
    return new KafkaFault('AUTHENTICATION', `${where} does not take the credentials: ${deepest(chain)}`, { cause: error });
  if (chain.some(wantsTls)) return new KafkaFault('TLS_WANTED', `${where} speaks TLS`, { cause: error });
  if (chain.some((cause) => cause instanceof TimeoutError)) return new KafkaFault('TIMEOUT', `${where} does not answer`, { cause: error });
  if (chain.some((cause) => cause instanceof GenericError))
    return new KafkaFault('NETWORK', `${where}: ${deepest(chain)}`, { cause: error });
  return new KafkaFault('BUG', deepest(chain), { cause: error });
}

/** The name of an error that a broker answered with. */
export function faultName(code: number): string {
  return (protocolErrorsCodesById as Readonly<Record<number, string>>)[code] ?? `ERROR_${code}`;
}

function protocolFault(error: ProtocolError, where: string): KafkaFault {
  const { apiId, serverErrorMessage } = error as { apiId?: unknown; serverErrorMessage?: unknown };
  const name = typeof apiId === 'string' ? apiId : 'UNKNOWN';
  const said = typeof serverErrorMessage === 'string' && serverErrorMessage !== '' ? `: ${serverErrorMessage}` : '';
  return new KafkaFault(name, `${where} answers ${name}${said}`, { cause: error });
}

/** Of the error, what is in it, and what caused it, from the outside in. */
function causes(error: unknown): readonly Error[] {
  const found: Error[] = [];
  const left = [error];
  for (let next = left.shift(); next !== undefined && found.length < 32; next = left.shift()) {
    if (!(next instanceof Error) || found.includes(next)) continue;
    found.push(next);
    if (next instanceof AggregateError) left.push(...(next.errors as unknown[]));
    left.push(next.cause);
  }
  return found;
}

function deepest(chain: readonly Error[]): string {
  return chain.findLast(({ message }) => message !== '')?.message ?? 'unknown error';
}

/** The client says this in words only. */
function wantsTls(error: Error): boolean {
  return error.message.startsWith('Broker requires TLS');
}

/** The response that the client threw away with an error in it. */
export function responseIn(error: unknown): unknown {
  return error instanceof ResponseError ? (error as { response?: unknown }).response : undefined;
}
