import type { AnyEvent } from '../core/any-event.ts';
import type { Evidence } from '../verify/evidence.ts';

export function evidenceOf({ stream, event }: AnyEvent): Evidence {
  const { agent_id: agentId, sequence, time, host } = event;
  return { stream, agentId, sequence, time, host, event: stream === 'agent' ? event : null };
}
