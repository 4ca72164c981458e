import type { Clock } from '../core/clock.ts';
import type { ProcessEvent } from '../core/event.ts';
import type { Heard, KernelEvent, KernelKind, LossEvent, RecoveredEvent, ScanEvent, SnapshotEvent } from '../core/kernel-event.ts';
import { ContainerNews } from './container-news.ts';
import { ContainerCatalogue } from './containers/container-catalogue.ts';
import { newCounters, type Emit, type EnrichContext, type EnrichCounters } from './context.ts';
import { EntityIds } from './entity-id.ts';
import { ExecIds } from './exec-id.ts';
import type { RunIdentity } from './identity.ts';
import type { ExeHashes } from './exe-hash/exe-hashes.ts';
import { onComm } from './kinds/comm.ts';
import { onCoredump } from './kinds/coredump.ts';
import { onExec } from './kinds/exec.ts';
import { onExit } from './kinds/exit.ts';
import { onFork } from './kinds/fork.ts';
import { onIds } from './kinds/ids.ts';
import { gapOf } from './kinds/loss.ts';
import { onMoved } from './kinds/moved.ts';
import { onPtrace } from './kinds/ptrace.ts';
import { onRecoveredExec } from './kinds/recovered-exec.ts';
import { onSession } from './kinds/session.ts';
import { onSnapshot } from './kinds/snapshot.ts';
import { thisMachine, type Machine } from './machine.ts';
import { viewProcesses, type ProcessView } from './process-view.ts';
import type { FilterRule } from './filter/rule.ts';
import type { Redactor } from './redact/redactor.ts';
import { Release } from './release.ts';
import type { Regulation, Withheld } from './release.ts';
import type { ThrottleConfig } from './throttle/config.ts';
import { Resync } from './scan/resync.ts';
import { StringPool } from './string-pool.ts';
import { ProcessTable, type TableCounters } from './table/process-table.ts';
import type { UserNames } from './users.ts';
import { UuidSlab } from './uuid-slab.ts';

export interface EnrichConfig {
  readonly maxProcesses: number;
  /** How long an exited process is remembered at most, milliseconds. */
  readonly exitTtlMs: number;
  readonly maxArgsBytes: number;
  /** How many ancestors above the parent EXEC and SNAPSHOT carry at most. */
  readonly ancestors: number;
  /** Publish events of threads other than the leader. */
  readonly threads: boolean;
  /** Kinds that are published; the others only teach the table. Asked at each event: it may change as the enricher works. */
  readonly kinds: ReadonlySet<KernelKind>;
  /** Publish what was found running at the start; otherwise it only teaches the table. true unless told. */
  readonly snapshot?: boolean;
  /** Bound of the table's heap estimate, bytes; 48 MiB unless told. */
  readonly maxTableBytes?: number;
  /** Rules of what is published; without any, all is. */
  readonly filter?: readonly FilterRule[];
  /** null or none: off. */
  readonly throttle?: ThrottleConfig | null;
}

export interface EnrichDeps {
  /** Masks secrets in all that is emitted; none: nothing is masked. */
  readonly redactor?: Redactor | null;
  readonly identity: RunIdentity;
  readonly clock: Clock;
  readonly users: UserNames;
  /** CLOCK_BOOTTIME − CLOCK_MONOTONIC at a moment of the latter, nanoseconds: how long the machine had been suspended by then. */
  bootOffsetNs(monotonicNs: number): number;
  /** Where what is heard happens; this one, seen with ordinary rights, unless told. */
  readonly machine?: Machine;
  /** Where the names of containers become known; unless told, containers are what cgroups say. */
  readonly containers?: ContainerCatalogue;
  /** Where digests of executables come from; none unless told. */
  readonly exeHashes?: ExeHashes | null;
}

export interface TableStats extends Readonly<TableCounters> {
  readonly entries: number;
  /** Estimated heap. */
  readonly bytes: number;
}

/**
 * Turns what was heard into events. Synchronous; emits fresh objects, except that `host` and argument arrays are shared between
 * events and must not be changed. Bytes of captures are copied out before `enrich` returns.
 */
export interface Enricher {
  /** Emits no event (`counters` say why), one, or several, before it returns. Their `sequence` is still 0. */
  enrich(heard: Heard, emit: Emit): void;
  /**
   * Forgets exited processes whose time is up and rereads user names. Happens with each second of the stamps that are heard, too; call it where
   * nothing may be heard for long. @param nowNs CLOCK_MONOTONIC
   */
  sweep(nowNs: number): void;
  /** When something that was counted, or learnt of a container, is to be told, by the stamps, if nothing more is heard: CLOCK_MONOTONIC, nanoseconds; Infinity: nothing is. */
  readonly dueNs: number;
  /** Emits what was to be told by then. Happens with what is heard, too; call it where nothing may be heard for long. */
  tell(nowNs: number, emit: Emit): void;
  /** It is known now who that container is: what runs in it is told of again, as SNAPSHOTs, by `tell`. Where none are wanted, it is not. */
  noteContainer(id: string): void;
  /** Messages that the kernel sent for our own subscription: heard, but not by `enrich`. */
  countOwnAcks(count: number): void;
  /** Goes on with another filter or throttle, undefined leaving it as it is; emits what the old throttle counted and did not tell yet. */
  regulate(regulation: Regulation, emit: Emit): void;
  /** Nothing more will be heard: emits what was counted and not told yet. */
  end(emit: Emit): void;
  readonly counters: Readonly<EnrichCounters>;
  /** Of the events that `counters` call emitted, those that were not. */
  readonly withheld: Withheld;
  readonly table: TableStats;
  /** The processes themselves. */
  readonly processes: ProcessView;
}

const DEFAULT_MAX_TABLE_BYTES = 48 * 1024 * 1024;
/** A tenth of a second of the fastest storm seen, and seconds of any ordinary load: late events come within milliseconds. */
const MAX_EXITED = 4096;
const SWEEP_NS = 1e9;

export function createEnricher(config: EnrichConfig, deps: EnrichDeps): Enricher {
  deps.users.refresh(deps.clock.monotonicNs());
  return new TableEnricher(config, deps);
}

class TableEnricher implements Enricher {
  readonly counters = newCounters();
  readonly processes: ProcessView;
  readonly #ctx: EnrichContext;
  readonly #resync: Resync;
  readonly #release: Release;
  readonly #news: ContainerNews;
  readonly #publishesStart: boolean;
  #nextSweepNs = Number.NEGATIVE_INFINITY;

  constructor(config: EnrichConfig, deps: EnrichDeps) {
    const slab = new UuidSlab();
    const maxBytes = config.maxTableBytes ?? DEFAULT_MAX_TABLE_BYTES;
    this.#publishesStart = config.snapshot ?? true;
    this.#ctx = {
      identity: deps.identity,
      users: deps.users,
      containers: deps.containers ?? new ContainerCatalogue(),
      exeHashes: deps.exeHashes ?? null,
      bootOffsetNs: (monotonicNs) => deps.bootOffsetNs(monotonicNs),
      table: new ProcessTable({ maxProcesses: config.maxProcesses, maxBytes, exitTtlMs: config.exitTtlMs, maxExited: MAX_EXITED }),
      entityIds: new EntityIds(deps.identity.bootId, slab),
      execIds: new ExecIds(deps.identity.agentId, slab),
      strings: new StringPool(),
      counters: this.counters,
      maxArgsBytes: config.maxArgsBytes,
      maxAncestors: config.ancestors,
      threads: config.threads,
      kinds: config.kinds,
      emit: () => undefined,
    };
    this.#resync = new Resync(this.#ctx, deps.machine ?? thisMachine([]), this.#publishesStart);
    this.#news = new ContainerNews(this.#ctx, deps.clock);
    this.#release = new Release(this.#ctx, {
      filter: config.filter ?? [],
      throttle: config.throttle ?? null,
      redactor: deps.redactor ?? null,
    });
    this.processes = viewProcesses(this.#ctx);
  }

  get table(): TableStats {
    const { table } = this.#ctx;
    return { entries: table.size, bytes: table.bytes, ...table.counters };
  }

  enrich(heard: Heard, emit: Emit): void {
    if (heard.monotonicNs >= this.#nextSweepNs) this.sweep(heard.monotonicNs);
    const release = this.#release.to(emit);
    this.#ctx.emit = release;
    if (heard.kind === 'LOSS') return this.#lose(heard, release);
    if (heard.kind === 'SCAN') return this.#scan(heard);
    if (heard.kind === 'SNAPSHOT') return this.#find(heard, release);
    if (heard.kind === 'RECOVERED') return this.#recover(heard, release);
    if (heard.kind === 'MOVED') return onMoved(this.#ctx, heard);
    if (this.#resync.isWaiting) this.#resync.before(heard);
    this.counters.heard++;
    const wanted = this.#ctx.kinds.has(heard.kind);
    const event = this.#apply(heard, wanted);
    if (event !== null) {
      this.counters.emitted++;
      release({ stream: 'process', event });
    } else if (wanted) this.counters.threadEvents++;
    else this.counters.deselected++;
  }

  sweep(nowNs: number): void {
    this.#nextSweepNs = nowNs + SWEEP_NS;
    this.#ctx.table.sweep(nowNs);
    this.#ctx.users.refresh(nowNs);
  }

  get dueNs(): number {
    return this.#news.isPending ? Number.NEGATIVE_INFINITY : this.#release.dueNs;
  }

  tell(nowNs: number, emit: Emit): void {
    if (this.#news.isPending) this.#news.tell(this.#release.to(emit));
    this.#release.tell(nowNs, emit);
  }

  noteContainer(id: string): void {
    if (this.#publishesStart) this.#news.note(id);
  }

  end(emit: Emit): void {
    this.#release.end(emit);
  }

  regulate(regulation: Regulation, emit: Emit): void {
    this.#release.regulate(regulation, emit);
  }

  get withheld(): Withheld {
    return this.#release.withheld;
  }

  countOwnAcks(count: number): void {
    this.counters.heard += count;
    this.counters.ownAcks += count;
  }

  #apply(heard: KernelEvent, wanted: boolean): ProcessEvent | null {
    switch (heard.kind) {
      case 'FORK':
        return onFork(this.#ctx, heard, wanted);
      case 'EXEC':
        return onExec(this.#ctx, heard, wanted);
      case 'EXIT':
        return onExit(this.#ctx, heard, wanted);
      case 'UID':
      case 'GID':
        return onIds(this.#ctx, heard, wanted);
      case 'SID':
        return onSession(this.#ctx, heard, wanted);
      case 'PTRACE':
        return onPtrace(this.#ctx, heard, wanted);
      case 'COMM':
        return onComm(this.#ctx, heard, wanted);
      case 'COREDUMP':
        return onCoredump(this.#ctx, heard, wanted);
    }
  }

  #scan(heard: ScanEvent): void {
    if (heard.phase === 'BEGIN') this.#resync.begin(heard);
    else this.#resync.end(heard);
  }

  #find(heard: SnapshotEvent, emit: Emit): void {
    const event = heard.purpose === 'start' ? onSnapshot(this.#ctx, heard) : this.#resync.see(heard);
    if (event === null || !this.#publishesStart) {
      this.counters.snapshotsSkipped++;
      return;
    }
    this.counters.snapshots++;
    emit({ stream: 'process', event });
  }

  #recover(heard: RecoveredEvent, emit: Emit): void {
    const event = onRecoveredExec(this.#ctx, heard);
    if (event !== null) emit({ stream: 'process', event });
  }

  #lose(heard: LossEvent, emit: Emit): void {
    this.counters.losses++;
    this.#ctx.table.lossEpoch++;
    this.#resync.noteLoss();
    emit({ stream: 'agent', event: gapOf(this.#ctx.identity, heard) });
  }
}
