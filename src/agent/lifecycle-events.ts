import { createHash } from 'node:crypto';
import type { AgentEvent, AgentStart, PreviousRun, UpstreamLedger } from '../core/agent-event.ts';
import type { AnyEvent } from '../core/any-event.ts';
import type { Clock } from '../core/clock.ts';
import type { Uuid } from '../core/event.ts';
import { uuidBytes } from '../core/uuid.ts';
import type { RunIdentity } from '../enrich/identity.ts';
import type { LastRun } from './run-record.ts';

type Body = Pick<AgentEvent, 'kind'> & Partial<Pick<AgentEvent, 'start' | 'stop'>>;

/** Who says it, and the clock that tells when. */
export interface Speaker {
  readonly identity: RunIdentity;
  readonly clock: Clock;
}

/** An event of the agent's own, of this moment; the sequence comes later. */
function agentEvent({ identity, clock }: Speaker, body: Body): AnyEvent {
  const event: AgentEvent = {
    kind: body.kind,
    time: clock.nowUs(),
    monotonic_us: Math.floor(clock.monotonicNs() / 1000),
    agent_id: identity.agentId,
    sequence: 0,
    host: identity.host,
    start: body.start ?? null,
    snapshot: null,
    gap: null,
    checkpoint: null,
    throttle: null,
    canary: null,
    reload: null,
    stop: body.stop ?? null,
  };
  return { stream: 'agent', event };
}

export function startEvent(speaker: Speaker, start: AgentStart): AnyEvent {
  return agentEvent(speaker, { kind: 'START', start });
}

export function stopEvent(speaker: Speaker, stop: { reason: string; clean: boolean; upstream: UpstreamLedger }): AnyEvent {
  return agentEvent(speaker, { kind: 'STOP', stop });
}

/** Identifies a sink of a host across runs: UUIDv8 of SHA-256(host id ‖ name), as nothing is persisted with a memory queue. */
export function sinkId(hostId: Uuid, name: string): Uuid {
  const id = createHash('sha256').update(hostId).update(name).digest().subarray(0, 16);
  id[6] = ((id[6] as number) & 0x0f) | 0x80;
  id[8] = ((id[8] as number) & 0x3f) | 0x80;
  return id;
}

export function previousRun(record: LastRun | undefined): PreviousRun | null {
  if (record === undefined) return null;
  const last: Record<string, number> = {};
  // Only where everything was delivered is the last sequence that of the sink, too.
  for (const { sink, accepted, delivered } of record.sinks) if (record.clean && accepted === delivered) last[sink] = record.last_sequence;
  return {
    agent_id: uuidBytes(record.agent_id),
    clean: record.clean,
    time: record.time,
    last_sequences: last,
    last_kernel_seqs: { ...record.kernel_seqs },
  };
}
