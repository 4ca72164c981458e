import kafkajs from 'kafkajs';
import { AgentError } from '../../../core/errors.ts';
import { KafkaFault } from '../fault.ts';
import { socketFault } from '../socket-fault.ts';

const { KafkaJSConnectionError, KafkaJSError, KafkaJSProtocolError, KafkaJSRequestTimeoutError, KafkaJSSASLAuthenticationError } = kafkajs;

/** An error of kafkajs, whose causes hide behind "number of retries exceeded", as what it means. */
export function faultOf(error: unknown, where: string): KafkaFault {
  if (error instanceof KafkaFault) return error;
  const chain = causes(error);
  const agentError = chain.find((cause) => cause instanceof AgentError);
  if (agentError !== undefined) return new KafkaFault('CREDENTIALS', agentError.message, { cause: agentError });
  const refused = chain.find((cause) => cause instanceof KafkaJSProtocolError);
  if (refused !== undefined) return new KafkaFault(refused.type, `${where} answers ${refused.type}: ${refused.message}`, { cause: error });
  if (chain.some((cause) => cause instanceof KafkaJSSASLAuthenticationError))
    return new KafkaFault('AUTHENTICATION', `${where} does not take the credentials: ${deepest(chain)}`, { cause: error });
  const socket = socketFault(chain, where) ?? connectionFault(chain, where);
  if (socket !== undefined) return socket;
  if (chain.some((cause) => cause instanceof KafkaJSRequestTimeoutError))
    return new KafkaFault('TIMEOUT', `${where} does not answer`, { cause: error });
  if (chain.some((cause) => cause instanceof KafkaJSError))
    return new KafkaFault('NETWORK', `${where}: ${deepest(chain)}`, { cause: error });
  return new KafkaFault('BUG', deepest(chain), { cause: error });
}

/** kafkajs keeps the words of a connection's error, and of its code what it takes for one. */
function connectionFault(chain: readonly Error[], where: string): KafkaFault | undefined {
  const error = chain.find((cause) => cause instanceof KafkaJSConnectionError);
  if (error === undefined) return undefined;
  const isTls = /certificate|SSL|TLS|handshake|altnames/i.test(error.message);
  return new KafkaFault(isTls ? 'TLS' : 'NETWORK', `${where}: ${error.message}`, { cause: error });
}

function causes(error: unknown): readonly Error[] {
  const found: Error[] = [];
  for (let next = error; next instanceof Error && !found.includes(next) && found.length < 32; next = next.cause) found.push(next);
  return found;
}

function deepest(chain: readonly Error[]): string {
  return chain.findLast(({ message }) => message !== '')?.message ?? 'unknown error';
}
