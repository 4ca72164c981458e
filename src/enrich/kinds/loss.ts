import type { AgentEvent } from '../../core/agent-event.ts';
import type { LossEvent } from '../../core/kernel-event.ts';
import type { RunIdentity } from '../identity.ts';

/** A gap as the readers of the data see it. */
export function gapOf(identity: RunIdentity, loss: LossEvent): AgentEvent {
  return {
    kind: 'GAP',
    time: loss.toTimeUs,
    monotonic_us: Math.floor(loss.monotonicNs / 1000),
    agent_id: identity.agentId,
    sequence: 0,
    host: identity.host,
    start: null,
    snapshot: null,
    gap: {
      reason: loss.reason,
      stage: 'kernel',
      cpu: loss.cpu,
      from_seq: loss.fromSeq,
      to_seq: loss.toSeq,
      count: loss.count,
      exact: loss.exact,
      from_time: loss.fromTimeUs,
      to_time: loss.toTimeUs,
    },
    checkpoint: null,
    throttle: null,
    canary: null,
    reload: null,
    stop: null,
  };
}
