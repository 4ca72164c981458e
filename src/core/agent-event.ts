import type { Host, Uuid } from './event.ts';

/** AgentEvent, property for property as in `schemas/AgentEvent.v1.avsc`, where meanings and units are. */

export interface SequenceRange {
  from: number;
  to: number;
  count: number;
}
export interface Dropped extends SequenceRange {
  reason: string;
}

/** The upstream ledger: heard + lost = generated; heard = the rest + sequenced. Totals since the start of the run. */
export interface UpstreamLedger {
  heard: number;
  lost: number;
  own_acks: number;
  deselected: number;
  thread_events: number;
  throttled: number;
  filtered: number;
  /** Sequenced events that no kernel message caused: snapshot, recovered and the agent's own. */
  originated: number;
  sequenced: number;
}

export interface PreviousRun {
  agent_id: Uuid;
  clean: boolean;
  time: number;
  last_sequences: Record<string, number>;
  last_kernel_seqs: Record<string, number>;
}

export interface AgentStart {
  version: string;
  config_hash: string;
  sources: string[];
  capabilities: string[];
  degraded: { feature: string; reason: string }[];
  sinks: { name: string; type: string; sink_id: Uuid }[];
  loss_windows: string[];
  previous: PreviousRun | null;
}
export interface AgentSnapshot {
  phase: 'UNKNOWN' | 'BEGIN' | 'END';
  processes: number;
  /** start | loss | interval | fallback | … */
  purpose: string;
}
export interface AgentGap {
  /** receive_buffer | tail | … */
  reason: string;
  stage: string;
  cpu: number | null;
  from_seq: number | null;
  to_seq: number | null;
  count: number;
  exact: boolean;
  from_time: number;
  to_time: number;
}
/** What became of events after they were accepted. */
export interface Amendment {
  from: number;
  to: number;
  /** 0 where it is not known any more. */
  checkpoint_no: number;
  /** dropped | dead_lettered | replayed */
  fate: string;
  /** null: this run. */
  agent_id: Uuid | null;
  count: number;
  /** null where it is not known. */
  digest: Uint8Array | null;
}
export interface AgentCheckpoint {
  sink_id: Uuid;
  checkpoint_no: number;
  from_sequence: number;
  to_sequence: number;
  accepted: number;
  filtered: number;
  dropped: Dropped[];
  /** See `digest.ts`; over the accepted, 8 bytes big-endian. */
  digest: Uint8Array;
  amendments: Amendment[];
  upstream: UpstreamLedger;
  /** None follows, unless the sink is configured again: the agent stops, or the sink was removed. */
  final: boolean;
}
export interface AgentThrottle {
  key: string;
  count: number;
  from_time: number;
  to_time: number;
  by_kind: Record<string, number>;
}
export interface AgentCanary {
  sink_id: Uuid | null;
  latency_us: number;
  ok: boolean;
}
export interface AgentReload {
  config_hash: string;
  ok: boolean;
  reason: string | null;
}
export interface AgentStop {
  reason: string;
  clean: boolean;
  upstream: UpstreamLedger;
}

export const AGENT_KINDS = ['UNKNOWN', 'START', 'SNAPSHOT', 'GAP', 'CHECKPOINT', 'THROTTLE', 'CANARY', 'RELOAD', 'STOP'] as const;
export type AgentKind = (typeof AGENT_KINDS)[number];

export interface AgentEvent {
  kind: AgentKind;
  time: number;
  monotonic_us: number;
  agent_id: Uuid;
  /** Dense with the ProcessEvents' sequence; null on CHECKPOINT. */
  sequence: number | null;
  host: Host;
  start: AgentStart | null;
  snapshot: AgentSnapshot | null;
  gap: AgentGap | null;
  checkpoint: AgentCheckpoint | null;
  throttle: AgentThrottle | null;
  canary: AgentCanary | null;
  reload: AgentReload | null;
  stop: AgentStop | null;
}
