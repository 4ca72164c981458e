import type { ProvenanceKind } from '../core/event.ts';
import type { EntityIds } from './entity-id.ts';
import type { ExecIds } from './exec-id.ts';
import type { RunIdentity } from './identity.ts';
import type { StringPool } from './string-pool.ts';
import type { ProcessTable } from './table/process-table.ts';
import type { UserNames } from './users.ts';

export type ProvenanceCounts = Record<ProvenanceKind, number>;

/** Totals of the run. `heard = ownAcks + deselected + threadEvents + emitted`; snapshots and losses are no kernel messages and stand apart. */
export interface EnrichCounters {
  heard: number;
  ownAcks: number;
  deselected: number;
  threadEvents: number;
  /** Events emitted for kernel messages. */
  emitted: number;
  /** SNAPSHOT events emitted. */
  snapshots: number;
  /** Snapshots of processes that were known, already dead, or gone before they could be read, and those that nobody wants to see. */
  snapshotsSkipped: number;
  losses: number;
  /** Captures that turned out to be of a later process with the same pid, and were not used. */
  foreignCaptures: number;
  /** How the groups of EXEC and SNAPSHOT events, the ones that are read at the time, came about. */
  readonly args: ProvenanceCounts;
  readonly exe: ProvenanceCounts;
  readonly cgroup: ProvenanceCounts;
}

/** What the rules for each kind of event work with. */
export interface EnrichContext {
  readonly identity: RunIdentity;
  readonly users: UserNames;
  /** CLOCK_BOOTTIME − CLOCK_MONOTONIC at a moment of the latter, nanoseconds. */
  readonly bootOffsetNs: (monotonicNs: number) => number;
  readonly table: ProcessTable;
  readonly entityIds: EntityIds;
  readonly execIds: ExecIds;
  readonly strings: StringPool;
  readonly counters: EnrichCounters;
  readonly maxArgsBytes: number;
  readonly maxAncestors: number;
  /** Publish events of threads other than the leader. */
  readonly threads: boolean;
}

function noProvenance(): ProvenanceCounts {
  return { MISSING: 0, KERNEL: 0, DERIVED: 0, LIVE: 0, CACHED: 0, INHERITED: 0, AUDIT: 0 };
}

export function newCounters(): EnrichCounters {
  return {
    heard: 0,
    ownAcks: 0,
    deselected: 0,
    threadEvents: 0,
    emitted: 0,
    snapshots: 0,
    snapshotsSkipped: 0,
    losses: 0,
    foreignCaptures: 0,
    args: noProvenance(),
    exe: noProvenance(),
    cgroup: noProvenance(),
  };
}
