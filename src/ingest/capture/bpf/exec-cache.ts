import type { BpfLibrary, BpfObject } from '../../native/bpf.ts';
import { nowNs } from '../../now.ts';
import { BpfRing } from './bpf-ring.ts';
import type { CgroupMove } from './cgroup-tracker.ts';
import { CgroupTracker } from './cgroup-tracker.ts';
import { CGROUPS_AT, DROPPED_CGROUPS_AT, DROPPED_PROCESSES_AT, ForkFlag, HIERARCHIES, RecordType, SHARED_BYTES } from './layout.ts';
import type { Leftover, MatchCounters } from './matcher.ts';
import { RecordMatcher } from './matcher.ts';
import type { Feature, LoadedPrograms, Missing } from './programs.ts';
import { PROGRAMS, loadPrograms } from './programs.ts';
import type { ExecRecord, RecordView } from './record.ts';
import type { Unavailable } from './unavailable.ts';
import { INSTALL_LIBBPF, obstacle, refusedBy } from './unavailable.ts';

export interface ExecCacheOptions {
  readonly maxArgsBytes: number;
  /** Ring of process records, a power of two of pages; it is mapped here, so it counts as memory of the agent. */
  readonly ringBytes?: number;
  /** Default: all. */
  readonly features?: readonly Feature[];
  /** Stand for /proc and /sys. */
  readonly root?: string;
  readonly sys?: string;
}

/** 3,500 processes from fork to exit. */
const RING_BYTES = 2 << 20;
const CGROUP_RING_BYTES = 256 << 10;
/** No record is smaller, so the ring is full before the index is. 1.9 MB for the default ring. */
const BYTES_A_PLACE = 64;
const ALL: readonly Feature[] = ['exec', 'fork', 'exit', 'cgroups'];

/** Since the start. */
export interface ExecCacheCounters extends Readonly<MatchCounters> {
  /** Records that found no room in the ring: their events are read from /proc. */
  readonly dropped: number;
  readonly droppedCgroups: number;
  /** Sets of cgroups of which a path was not known. */
  readonly unresolvedCgroups: number;
  readonly movesLost: number;
}

interface Parts {
  readonly ring: BpfRing;
  readonly matcher: RecordMatcher;
  readonly cgroups: CgroupTracker;
  readonly shared: Buffer;
}

/**
 * What the kernel recorded of processes at their fork, exec and exit, to be matched with the events of the process connector.
 *
 * Laws: one thread uses it, that of its library. `poll` after each receive, before its events are matched. What a `take…` returns is read in place, in the same
 * object each time: it is valid until the next call of that kind, and at most until the next `poll`. `takeLeftover` regularly, with a moment up to which all events
 * have been heard (the socket was found empty after it): what nobody takes keeps its room in the ring.
 */
export class ExecCache {
  readonly features: readonly Feature[];
  /** What this kernel did not give, with the reason. */
  readonly missing: readonly (Unavailable & { readonly feature: Feature })[];
  readonly #object: BpfObject;
  readonly #ring: BpfRing;
  readonly #matcher: RecordMatcher;
  readonly #cgroups: CgroupTracker;
  readonly #shared: Buffer;
  #closed = false;
  #dropped = 0;
  #droppedCgroups = 0;

  private constructor({ object, features, missing }: LoadedPrograms, { ring, matcher, cgroups, shared }: Parts) {
    this.#object = object;
    this.features = features;
    this.missing = missing.map(({ feature, refusal }) => ({ feature, ...refusedBy(refusal) }));
    this.#ring = ring;
    this.#matcher = matcher;
    this.#cgroups = cgroups;
    this.#shared = shared;
  }

  /** Loads the programs and starts them; or why that cannot be, and then nothing is left behind in the kernel. */
  static open(library: BpfLibrary | { readonly missing: string }, options: ExecCacheOptions): ExecCache | Unavailable {
    const against = obstacle(options);
    if (against !== undefined) return against;
    if ('missing' in library) return { reason: library.missing, fix: INSTALL_LIBBPF };
    const { maxArgsBytes, ringBytes = RING_BYTES, features = ALL } = options;
    const programs = loadPrograms(library, { maxArgsBytes, processesBytes: ringBytes, cgroupsBytes: CGROUP_RING_BYTES, features });
    if ('refused' in programs) return refusedBy(programs);
    let cache: ExecCache | Unavailable | undefined;
    try {
      cache = ExecCache.#start(programs, { ringBytes, root: options.root ?? '/proc' });
      return cache;
    } finally {
      if (cache === undefined || 'reason' in cache) programs.object.close();
    }
  }

  static #start(programs: LoadedPrograms, { ringBytes, root }: { ringBytes: number; root: string }): ExecCache | Unavailable {
    const { object } = programs;
    const processes = object.ring('processes', ringBytes);
    const cgroupRing = object.ring('cgroups', CGROUP_RING_BYTES);
    const shared = object.shared(SHARED_BYTES);
    if (processes === undefined || cgroupRing === undefined || shared === undefined) return UNMAPPED;
    const wanted = new Uint32Array(shared.buffer, shared.byteOffset, HIERARCHIES.length);
    const cgroups = new CgroupTracker(new BpfRing(cgroupRing), wanted, root);
    const { running, missing } = attachAll(programs);
    const failed = missing.find(({ feature }) => feature === 'exec');
    if (failed !== undefined) return refusedBy(failed.refusal);
    cgroups.walk(nowNs());
    const ring = new BpfRing(processes);
    const matcher = new RecordMatcher(ring, ringBytes / BYTES_A_PLACE);
    const started = { object, features: running, missing: [...programs.missing, ...missing] };
    return new ExecCache(started, { ring, matcher, cgroups, shared });
  }

  /** Takes note of all that was recorded so far. */
  poll(): void {
    if (this.#closed) return;
    this.#matcher.release();
    // In this order: the cgroups of which these records speak have been announced by then.
    this.#ring.look();
    const atNs = nowNs();
    this.#cgroups.poll(atNs);
    this.#matcher.note();
    this.#lookForDrops(atNs);
  }

  /** The record of an EXEC event. */
  takeExec(tgid: number, stampNs: number): ExecRecord | undefined {
    return this.#matcher.takeExec(tgid, stampNs);
  }

  /** The record of a FORK event whose child is `tgid`. It is made just after the event was sent, so it may not be there yet; then it is no leftover, but a late one. */
  takeFork(tgid: number, stampNs: number): RecordView | undefined {
    return this.#matcher.takeFork(tgid, stampNs);
  }

  /** FORK records that came after their event had asked: what they tell of cgroups is told as moves. */
  turnLateForks(): void {
    for (let fork = this.#matcher.takeLateFork(); fork !== undefined; fork = this.#matcher.takeLateFork()) {
      if (isInherited(fork)) continue;
      this.#cgroups.add({ tgid: fork.tgid, stampNs: fork.stampNs, cgroup: this.cgroupOf(fork) });
    }
  }

  /** The record of a process's end, for the EXIT event of its last thread. */
  takeExit(tgid: number, stampNs: number): RecordView | undefined {
    return this.#matcher.takeExit(tgid, stampNs);
  }

  /** The oldest record from before `untilNs` that nobody took, or undefined. */
  takeLeftover(untilNs: number): Leftover | undefined {
    return this.#matcher.takeLeftover(untilNs);
  }

  /** What /proc/<pid>/cgroup would have said at a FORK or EXEC; undefined when that is not known, and of a FORK into the cgroups of its parent (`isInherited`). */
  cgroupOf(record: RecordView): Buffer | undefined {
    if (isInherited(record)) return undefined;
    return this.#cgroups.paths.textOf(record, CGROUPS_AT);
  }

  /** The moment at which a process was put into another cgroup, the oldest that nobody took; infinite where there is none. */
  get moveNs(): number {
    return this.#cgroups.moveNs;
  }

  takeMove(): CgroupMove | undefined {
    return this.#cgroups.takeMove();
  }

  /** Records are there that cannot be seen before another one is written: an event without a record may have one. */
  get isBlocked(): boolean {
    return !this.#closed && this.#ring.isBlocked;
  }

  /** Bytes of records that wait. */
  get heldBytes(): number {
    return this.#matcher.heldBytes;
  }

  get counters(): ExecCacheCounters {
    return {
      ...this.#matcher.counters,
      dropped: this.#dropped,
      droppedCgroups: this.#droppedCgroups,
      unresolvedCgroups: this.#cgroups.paths.unresolved,
      movesLost: this.#cgroups.movesLost,
    };
  }

  /** Stops and unloads the programs; what was taken is void, and there is nothing more to take. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#matcher.forget();
    this.#object.close();
  }

  #lookForDrops(atNs: number): void {
    this.#dropped = u64At(this.#shared, DROPPED_PROCESSES_AT);
    const droppedCgroups = u64At(this.#shared, DROPPED_CGROUPS_AT);
    if (droppedCgroups === this.#droppedCgroups) return;
    this.#droppedCgroups = droppedCgroups;
    this.#cgroups.repair(atNs);
  }
}

/** Whether the cgroups of a FORK are those of the parent that its event names. */
export function isInherited(record: RecordView): boolean {
  return record.type === RecordType.FORK && record.has(ForkFlag.SAME_CGROUPS);
}

const UNMAPPED: Unavailable = {
  reason: 'the memory of the programs cannot be mapped',
  fix: 'raise the limits of the agent on locked memory and address space (ulimit -l, ulimit -v)',
};

/** A feature of which one program does not run is missing; what of it runs does no harm. */
function attachAll({ object, features }: LoadedPrograms): { running: Feature[]; missing: Missing[] } {
  const running: Feature[] = [];
  const missing: Missing[] = [];
  for (const feature of features) {
    const errno = PROGRAMS[feature].map((program) => object.attach(program)).find((refused) => refused !== undefined);
    if (errno === undefined) running.push(feature);
    else missing.push({ feature, refusal: { refused: 'load', errno, log: '' } });
  }
  return { running, missing };
}

function u64At(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
}
