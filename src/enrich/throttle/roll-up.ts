import type { AgentEvent } from '../../core/agent-event.ts';
import type { RunIdentity } from '../identity.ts';
import type { Bucket } from './bucket.ts';

/** What was suppressed of a key since the last report; the bucket begins anew. Its time is that of the last event in it. */
export function rollUp(identity: RunIdentity, key: string, bucket: Bucket): AgentEvent {
  const { count, fromTime, toTime, lastUs } = bucket;
  return {
    kind: 'THROTTLE',
    time: toTime,
    monotonic_us: lastUs,
    agent_id: identity.agentId,
    sequence: 0,
    host: identity.host,
    start: null,
    snapshot: null,
    gap: null,
    checkpoint: null,
    throttle: { key, count, from_time: fromTime, to_time: toTime, by_kind: bucket.takeByKind() },
    canary: null,
    reload: null,
    stop: null,
  };
}
