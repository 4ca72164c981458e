import type { AgentEvent } from '../../../src/core/agent-event.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import type { Evidence } from '../../../src/verify/evidence.ts';
import { record } from '../../contract/records.ts';
import { id } from './made-runs.ts';

/** One record on its way to a sink. */
export interface Item {
  readonly run: number;
  readonly encoded: Encoded;
  readonly evidence: Evidence;
}

/** What the agent says of itself. */
export interface Own {
  readonly kind: AgentEvent['kind'];
  readonly body: Partial<AgentEvent>;
}

interface Parts {
  readonly run: number;
  readonly time: number;
  readonly stream: 'process' | 'agent';
  /** 0: none. */
  readonly sequence: number;
  readonly own: Own | null;
}

export function madeItem({ run, time, stream, sequence, own }: Parts): Item {
  const agentId = id(1, run);
  const host = { host_id: id(2, 1), boot_id: id(4, 1), hostname: 'host-1', labels: null };
  const none = { start: null, snapshot: null, gap: null, checkpoint: null, throttle: null, canary: null, reload: null, stop: null };
  const common = { agent_id: agentId, host, time, monotonic_us: time, sequence: sequence === 0 ? null : sequence };
  const event: AgentEvent | null = own === null ? null : { ...none, ...common, kind: own.kind, ...own.body };
  const evidence: Evidence = { stream, agentId, sequence: common.sequence, time, host, event };
  return { run, encoded: record(sequence, 16, stream), evidence };
}
