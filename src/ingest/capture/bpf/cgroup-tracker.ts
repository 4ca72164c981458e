import { CGROUP_PATH_BYTES, Cgroup, HIERARCHIES, MoveFlag, NO_HIERARCHY, RecordType } from './layout.ts';
import type { BpfRing } from './bpf-ring.ts';
import { CgroupPaths, MAX_CGROUPS } from './cgroup-paths.ts';
import { walkCgroups } from './cgroup-walk.ts';
import { readCgroupMounts, readHierarchies, wantedOf } from './hierarchies.ts';
import { RecordView } from './record.ts';

/** What moves wait to be taken at most. */
const MAX_MOVES = 4096;
/** A walk takes about 10 µs a cgroup, and only what got lost makes one necessary. */
const WALK_EVERY_NS = 10e9;

/** A process was put into another cgroup. */
export interface CgroupMove {
  readonly tgid: number;
  readonly stampNs: number;
  /** As in /proc/<pid>/cgroup, after the move; undefined when that is not known. */
  readonly cgroup: Buffer | undefined;
}

/** Follows the cgroups of the machine by what the kernel tells of them. */
export class CgroupTracker {
  readonly paths = new CgroupPaths();
  /** Moves that nobody took in time. */
  movesLost = 0;
  readonly #ring: BpfRing;
  readonly #wanted: Uint32Array;
  readonly #root: string;
  readonly #view = new RecordView();
  readonly #hierarchies = new Set<number>();
  readonly #moves: CgroupMove[] = [];
  /** How many of these were taken. */
  #taken = 0;
  #walkedNs = 0;

  /** `wanted`: hierarchies by their place, shared with the programs, which are not running yet. */
  constructor(ring: BpfRing, wanted: Uint32Array, root = '/proc') {
    this.#ring = ring;
    this.#wanted = wanted;
    this.#root = root;
    this.#learnHierarchies();
  }

  /** Learns what is there. To be called when the programs run: what is made or released meanwhile is told by them. */
  walk(nowNs: number): void {
    this.#walkedNs = nowNs;
    const known = readHierarchies(this.#root);
    const whole = new Set<number>();
    for (const mount of readCgroupMounts(known, this.#root)) {
      if (!this.#wanted.includes(mount.hierarchy) || whole.has(mount.hierarchy)) continue;
      if (mount.root === '') whole.add(mount.hierarchy);
      for (const found of walkCgroups(mount, MAX_CGROUPS))
        if (this.paths.pathOf(found.hierarchy, found.id) === undefined) this.paths.add(found);
    }
  }

  /** Something was lost: what is there now is learned anew, now and then. */
  repair(nowNs: number): void {
    if (nowNs - this.#walkedNs >= WALK_EVERY_NS) this.walk(nowNs);
  }

  /** Takes in what the kernel told. */
  poll(nowNs: number): void {
    this.#ring.look();
    for (let position = this.#ring.next(); position >= 0; position = this.#ring.next()) {
      this.#ring.show(position, this.#view);
      this.#take(this.#view);
    }
    this.#ring.release(this.#ring.position);
    this.paths.expire(nowNs);
  }

  /** The moment of the oldest move that nobody took; infinite where there is none. */
  get moveNs(): number {
    return this.#moves[this.#taken]?.stampNs ?? Number.POSITIVE_INFINITY;
  }

  /** That move: they come in their order, as the kernel moves one process at a time. */
  takeMove(): CgroupMove | undefined {
    const move = this.#moves[this.#taken];
    if (move === undefined) return undefined;
    this.#taken += 1;
    if (this.#taken === this.#moves.length) {
      this.#moves.length = 0;
      this.#taken = 0;
    }
    return move;
  }

  /** A move that was not told as one: it comes among those that wait by its moment. */
  add(move: CgroupMove): void {
    if (!this.#hasRoom()) return;
    let at = this.#moves.length;
    while (at > this.#taken && (this.#moves[at - 1] as CgroupMove).stampNs > move.stampNs) at -= 1;
    this.#moves.splice(at, 0, move);
  }

  #take(view: RecordView): void {
    const hierarchy = view.u32(Cgroup.HIERARCHY);
    const id = view.u64(Cgroup.ID);
    if (!this.#hierarchies.has(hierarchy)) this.#learnHierarchies();
    this.#hierarchies.add(hierarchy);
    if (!this.#wanted.includes(hierarchy)) return;
    const { type } = view;
    if (type === RecordType.CGROUP_MADE || type === RecordType.CGROUP_RENAMED) this.#name(type, { hierarchy, id, path: pathIn(view) });
    else if (type === RecordType.CGROUP_RELEASED) this.paths.release(hierarchy, id, view.stampNs);
    else if (type === RecordType.MOVE) this.#move(view);
  }

  /** Of one with too long a path nothing is known: processes there are looked at in /proc. */
  #name(type: number, found: { readonly hierarchy: number; readonly id: number; readonly path: string | undefined }): void {
    const { hierarchy, id, path } = found;
    if (path === undefined) this.paths.unname(hierarchy, id);
    else if (type === RecordType.CGROUP_MADE) this.paths.add({ hierarchy, id, path });
    else this.paths.rename({ hierarchy, id, path });
  }

  /** Where a thread belongs that was moved apart from its process, nobody asks. */
  #move(view: RecordView): void {
    if (!view.has(MoveFlag.WHOLE_GROUP) || !this.#hasRoom()) return;
    const cgroup = this.paths.textOf(view, Cgroup.CGROUPS);
    this.#moves.push({ tgid: view.tgid, stampNs: view.stampNs, cgroup });
  }

  /** For one more move; else it is counted as lost. */
  #hasRoom(): boolean {
    if (this.#moves.length < MAX_MOVES) return true;
    this.#moves.splice(0, this.#taken);
    this.#taken = 0;
    if (this.#moves.length < MAX_MOVES) return true;
    this.movesLost += 1;
    return false;
  }

  /** One may have been mounted since. */
  #learnHierarchies(): void {
    const hierarchies = readHierarchies(this.#root);
    for (const { id } of hierarchies) this.#hierarchies.add(id);
    const wanted = wantedOf(hierarchies);
    for (let place = 0; place < HIERARCHIES.length; place += 1) this.#wanted[place] = wanted[place] ?? NO_HIERARCHY;
    this.paths.setHierarchies(hierarchies, wanted);
  }
}

/** Undefined when the record does not hold it whole: then it is as long as there is room, or not there. */
function pathIn(view: RecordView): string | undefined {
  const at = view.at + Cgroup.PATH;
  const bytes = view.u32(Cgroup.PATH_BYTES);
  return bytes <= 1 || bytes >= CGROUP_PATH_BYTES ? undefined : view.bytes.toString('latin1', at, at + bytes - 1);
}
