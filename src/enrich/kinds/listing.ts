import type { AgentEvent } from '../../core/agent-event.ts';
import type { ScanEvent } from '../../core/kernel-event.ts';
import type { RunIdentity } from '../identity.ts';

/** The begin or end of a listing of /proc as the readers of the data see it. @param processes known at the begin, listed at the end */
export function listingEvent(identity: RunIdentity, { phase, purpose, monotonicNs, timeUs }: ScanEvent, processes: number): AgentEvent {
  return {
    kind: 'SNAPSHOT',
    time: timeUs,
    monotonic_us: Math.floor(monotonicNs / 1000),
    agent_id: identity.agentId,
    sequence: 0,
    host: identity.host,
    start: null,
    snapshot: { phase, processes, purpose },
    gap: null,
    checkpoint: null,
    throttle: null,
    canary: null,
    reload: null,
    stop: null,
  };
}
