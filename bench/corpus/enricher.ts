import { createEnricher } from '../../src/enrich/enricher.ts';
import type { Enricher } from '../../src/enrich/enricher.ts';
import { createRunIdentity, newAgentId } from '../../src/enrich/identity.ts';
import { createSequencer } from '../../src/enrich/sequencer.ts';
import type { Sequencer } from '../../src/enrich/sequencer.ts';
import type { AnyEvent } from '../../src/core/any-event.ts';
import type { Heard, KernelKind } from '../../src/core/kernel-event.ts';
import { SyntheticHost } from '../../src/ingest/synthetic/host.ts';
import { USERS } from '../../src/ingest/synthetic/population.ts';

const KINDS: readonly KernelKind[] = ['FORK', 'EXEC', 'EXIT', 'UID', 'GID', 'SID', 'PTRACE', 'COMM', 'COREDUMP'];
const MAX_ARGS_BYTES = 32_768;
/** 50,000 events/s. */
const STEP_NS = 20_000;

export interface EnrichBench {
  readonly enricher: Enricher;
  readonly sequencer: Sequencer;
  readonly host: SyntheticHost;
}

/** An enricher with default limits that has taken the synthetic host's snapshot. */
export function createEnrichBench(): EnrichBench {
  const agentId = newAgentId();
  const identity = createRunIdentity({
    agentId,
    machineId: newAgentId(),
    bootId: newAgentId(),
    hostname: 'web-042.example.net',
    labels: { env: 'prod', role: 'web' },
  });
  const users = { nameOf: (uid: number) => USERS[uid] ?? null, refresh: () => undefined };
  const config = {
    maxProcesses: 32_768,
    exitTtlMs: 10_000,
    maxArgsBytes: MAX_ARGS_BYTES,
    ancestors: 8,
    threads: false,
    kinds: new Set(KINDS),
  };
  const clock = { nowUs: () => 0, monotonicNs: () => 0 };
  const enricher = createEnricher(config, { identity, users, clock, bootOffsetNs: () => 0 });
  // Commands only: what is measured is FORK, EXEC and EXIT in equal parts.
  const host = new SyntheticHost({ seed: 1, stepNs: STEP_NS, maxArgsBytes: MAX_ARGS_BYTES, plain: true });
  for (const found of host.listing()) enricher.enrich(found, () => undefined);
  return { enricher, sequencer: createSequencer(agentId), host };
}

/** The next `count` events of the host. */
export function nextEvents(host: SyntheticHost, count: number): Heard[] {
  return Array.from({ length: count }, () => host.next());
}

/** Enriched and numbered events of `cycles` processes, about three each. */
export function enrichedEvents(cycles: number): AnyEvent[] {
  const { enricher, sequencer, host } = createEnrichBench();
  const events: AnyEvent[] = [];
  const take = (event: AnyEvent): void => void events.push(sequencer.stamp(event));
  for (const heard of nextEvents(host, 3 * cycles)) enricher.enrich(heard, take);
  return events;
}
