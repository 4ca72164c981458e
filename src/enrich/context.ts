import type { AnyEvent } from '../core/any-event.ts';
import type { ProvenanceKind } from '../core/event.ts';
import type { KernelKind } from '../core/kernel-event.ts';
import type { ExeHashes } from './exe-hash/exe-hashes.ts';
import type { ContainerCatalogue } from './containers/container-catalogue.ts';
import type { EntityIds } from './entity-id.ts';
import type { ExecIds } from './exec-id.ts';
import type { RunIdentity } from './identity.ts';
import type { StringPool } from './string-pool.ts';
import type { ProcessTable } from './table/process-table.ts';
import type { UserNames } from './users.ts';

/** Takes an event, at once. */
export type Emit = (event: AnyEvent) => void;

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
  /** What listings showed and nothing came of at once: it was known, dead, or gone before it could be read, is not wanted, or waits for the listing's end. */
  snapshotsSkipped: number;
  losses: number;
  /** Events emitted of what listings of /proc found, because the kernel's own messages were lost: processes, images, ends, user ids. */
  readonly recovered: { found: number; execs: number; exits: number; ids: number };
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
  readonly containers: ContainerCatalogue;
  /** null: nobody wants them. */
  readonly exeHashes: ExeHashes | null;
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
  /** Kinds that are published; may change. */
  readonly kinds: ReadonlySet<KernelKind>;
  /** Where the events go that come of what is being heard. */
  emit: Emit;
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
    recovered: { found: 0, execs: 0, exits: 0, ids: 0 },
    foreignCaptures: 0,
    args: noProvenance(),
    exe: noProvenance(),
    cgroup: noProvenance(),
  };
}
