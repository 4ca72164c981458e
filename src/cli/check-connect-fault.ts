import { AgentError } from '../core/errors.ts';
import { explain } from '../sink/kafka/explain.ts';
import type { Asked, Security } from '../sink/kafka/explain.ts';
import { KafkaFault } from '../sink/kafka/fault.ts';
import { agentErrorOf } from '../sink/kafka/reaction.ts';

/** The fault as an error, which says what to do about it. What is no fault of a broker stays what it is. */
export function connectError(error: unknown, security: Security, asked?: Asked): AgentError {
  if (!(error instanceof KafkaFault)) return error instanceof AgentError ? error : new AgentError('BUG', String(error), { cause: error });
  const known = agentErrorOf(explain(error, security, asked));
  const { code, message, context, fix = 'Check the log of the broker.' } = known;
  return new AgentError(code, message, { cause: error, context, fix });
}
