import type { AgentCheckpoint, AgentEvent, AgentReload, AgentStart, PreviousRun, UpstreamLedger } from '../core/agent-event.ts';
import type { AnyEvent } from '../core/any-event.ts';
import type { Clock } from '../core/clock.ts';
import { uuidBytes, uuidText } from '../core/uuid.ts';
import type { AcceptedUpTo } from '../core/queue.ts';
import type { RunIdentity } from '../enrich/identity.ts';
import type { LastRun } from './run-record.ts';
import type { SinkIds } from './sink-ids.ts';

type Body = Pick<AgentEvent, 'kind'> & Partial<Pick<AgentEvent, 'start' | 'checkpoint' | 'reload' | 'stop'>>;

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
    checkpoint: body.checkpoint ?? null,
    throttle: null,
    canary: null,
    reload: body.reload ?? null,
    stop: body.stop ?? null,
  };
  return { stream: 'agent', event };
}

export function startEvent(speaker: Speaker, start: AgentStart): AnyEvent {
  return agentEvent(speaker, { kind: 'START', start });
}

export function checkpointEvent(speaker: Speaker, checkpoint: AgentCheckpoint): AnyEvent {
  return agentEvent(speaker, { kind: 'CHECKPOINT', checkpoint });
}

export function reloadEvent(speaker: Speaker, reload: AgentReload): AnyEvent {
  return agentEvent(speaker, { kind: 'RELOAD', reload });
}

export function stopEvent(speaker: Speaker, stop: { reason: string; clean: boolean; upstream: UpstreamLedger }): AnyEvent {
  return agentEvent(speaker, { kind: 'STOP', stop });
}

/** What a sink's queue itself knows of the run before, by the name of the sink: a killed run has not written everything down. */
export type AcceptedBefore = ReadonlyMap<string, AcceptedUpTo>;

export function previousRun(record: LastRun | undefined, sinkIds: SinkIds, before: AcceptedBefore = new Map()): PreviousRun | null {
  if (record === undefined) return null;
  const agentId = uuidBytes(record.agent_id);
  const last: Record<string, number> = {};
  for (const { sink, lastAccepted } of record.sinks) {
    const id = sinkIds.get(sink);
    const known = before.get(sink);
    const sequence = known !== undefined && agentId.equals(known.agentId) ? Math.max(lastAccepted, known.sequence) : lastAccepted;
    if (id !== undefined && sequence > 0) last[uuidText(id)] = sequence;
  }
  return {
    agent_id: agentId,
    clean: record.clean,
    time: record.time,
    last_sequences: last,
    last_kernel_seqs: { ...record.kernel_seqs },
  };
}
