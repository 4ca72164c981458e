import type { AgentEvent } from '../core/agent-event.ts';
import type { Parent, ProcessEvent, Uuid } from '../core/event.ts';
import { uuidText } from '../core/uuid.ts';
import type { RunIdentity } from '../enrich/identity.ts';
import type { GapRecord, ProcessRecord } from './records.ts';

/** Turns what enrichment made into what subscribers get. One for each run: who speaks is the same in all its events. */
export class Publisher {
  readonly #agentId: string;
  readonly #host: ProcessRecord['host'];

  constructor({ agentId, hostId, bootId, hostname }: RunIdentity) {
    this.#agentId = uuidText(agentId);
    this.#host = Object.freeze({ host_id: uuidText(hostId), boot_id: uuidText(bootId), hostname, labels: null });
  }

  record(event: ProcessEvent): ProcessRecord {
    const { process, parent, ptrace } = event;
    return {
      ...event,
      agent_id: this.#agentId,
      host: this.#host,
      process: { ...process, entity_id: uuidText(process.entity_id), exec_id: textOf(process.exec_id) },
      parent: parent === null ? null : parentRecord(parent),
      ptrace: ptrace === null ? null : { ...ptrace, tracer_entity_id: textOf(ptrace.tracer_entity_id) },
    };
  }

  /** undefined: the agent event is no gap. */
  gap({ time, monotonic_us, gap }: AgentEvent): GapRecord | undefined {
    return gap === null ? undefined : { kind: 'GAP', time, monotonic_us, gap };
  }
}

function parentRecord(parent: Parent): ProcessRecord['parent'] {
  const ancestors = parent.ancestors?.map((one) => ({ ...one, entity_id: textOf(one.entity_id) })) ?? null;
  return { ...parent, entity_id: textOf(parent.entity_id), exec_id: textOf(parent.exec_id), ancestors };
}

function textOf(id: Uuid | null): string | null {
  return id === null ? null : uuidText(id);
}
