import type { AgentEvent } from '../../core/agent-event.ts';
import type { LossEvent } from '../../core/kernel-event.ts';
import type { RunIdentity } from '../identity.ts';

/** A gap as the readers of the data see it. @param nowNs CLOCK_MONOTONIC: a loss has no stamp of its own */
export function gapOf(identity: RunIdentity, loss: LossEvent, nowNs: number): AgentEvent {
  return {
    kind: 'GAP',
    time: loss.toTimeUs,
    monotonic_us: Math.floor(nowNs / 1000),
    agent_id: identity.agentId,
    sequence: 0,
    host: identity.host,
    start: null,
    snapshot: null,
    gap: {
      // Without a CPU it is the part that only the socket's drop counter shows.
      reason: loss.cpu === null ? 'tail' : 'receive_buffer',
      stage: 'kernel',
      cpu: loss.cpu,
      from_seq: loss.fromSeq,
      to_seq: loss.toSeq,
      count: loss.count,
      exact: true,
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
