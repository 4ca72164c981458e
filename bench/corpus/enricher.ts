import { createEnricher } from '../../src/enrich/enricher.ts';
import type { Enricher } from '../../src/enrich/enricher.ts';
import { createRunIdentity, newAgentId } from '../../src/enrich/identity.ts';
import { createSequencer } from '../../src/enrich/sequencer.ts';
import type { Sequencer } from '../../src/enrich/sequencer.ts';
import { createUserNames } from '../../src/enrich/users.ts';
import type { AnyEvent } from '../../src/core/any-event.ts';
import type { KernelKind } from '../../src/core/kernel-event.ts';
import { SyntheticHost } from './synthetic-host.ts';

const KINDS: readonly KernelKind[] = ['FORK', 'EXEC', 'EXIT', 'UID', 'GID', 'SID', 'PTRACE', 'COMM', 'COREDUMP'];
const PASSWD = [
  'root:x:0:0::/root:/bin/sh',
  ...[1000, 1001, 1002, 1003, 1004].map((uid) => `svc${uid}:x:${uid}:${uid}::/:/bin/false`),
].join('\n');

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
  const users = createUserNames({ version: () => ({ mtimeMs: 1, size: PASSWD.length }), read: () => PASSWD });
  const config = { maxProcesses: 32_768, exitTtlMs: 10_000, maxArgsBytes: 32_768, ancestors: 8, threads: false, kinds: new Set(KINDS) };
  const clock = { nowUs: () => 0, monotonicNs: () => 0 };
  const enricher = createEnricher(config, { identity, users, clock, bootOffsetNs: () => 0 });
  const host = new SyntheticHost();
  for (const snapshot of host.snapshots()) enricher.enrich(snapshot);
  return { enricher, sequencer: createSequencer(agentId), host };
}

/** Enriched and numbered events of `cycles` processes, about three each. */
export function enrichedEvents(cycles: number): AnyEvent[] {
  const { enricher, sequencer, host } = createEnrichBench();
  const events: AnyEvent[] = [];
  for (const heard of host.next(cycles)) {
    const event = enricher.enrich(heard);
    if (event) events.push(sequencer.stamp(event));
  }
  return events;
}
