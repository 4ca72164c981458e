import type { RecordView } from './record.ts';
import { HIERARCHIES } from './layout.ts';
import type { Hierarchy } from './hierarchies.ts';
import type { FoundCgroup } from './cgroup-walk.ts';

/** More than the largest hosts have; those that are gone go first, then the oldest. About 250 bytes each. */
export const MAX_CGROUPS = 32_768;
/** How many go at once: to find the oldest, a Map passes over all that were deleted before it. */
const EVICTED = MAX_CGROUPS / 8;
/** Sets of cgroups in which processes are; a handful for each container. */
const MAX_TEXTS = 4096;
/** What a cgroup is remembered for after its end: a record of its last process may wait so long, and one of a move. */
const RETENTION_NS = 60e9;
const GOLDEN = 0x9e3779b1;

interface Named {
  path: string;
  /** Stamp of its release; infinite while it is there. */
  releasedNs: number;
}

interface Released {
  readonly hierarchy: number;
  readonly id: number;
  readonly atNs: number;
}

/** The lines of one set of cgroup ids. */
interface CgroupText {
  readonly ids: Uint32Array;
  readonly text: Buffer;
  readonly next: CgroupText | undefined;
}

/**
 * Paths of cgroups by hierarchy and id, those that are gone included, for a minute. kernfs ids are unique within a hierarchy only. Paths are strings of one
 * character a byte.
 */
export class CgroupPaths {
  /** Sets of ids of which some had no path. */
  unresolved = 0;
  readonly #named = new Map<number, Map<number, Named>>();
  /** Ids with their hierarchy, in the order of their release. */
  readonly #released: Released[] = [];
  readonly #texts = new Map<number, CgroupText>();
  #lineHeads: readonly string[] = [];

  /** `wanted`: ids by place. */
  setHierarchies(hierarchies: readonly Hierarchy[], wanted: readonly number[]): void {
    this.#lineHeads = wanted.map((id) => `${id}:${hierarchies.find((hierarchy) => hierarchy.id === id)?.names ?? ''}:`);
    this.#texts.clear();
  }

  get size(): number {
    let size = 0;
    for (const named of this.#named.values()) size += named.size;
    return size;
  }

  /** How many ends are kept in mind. */
  get remembered(): number {
    return this.#released.length;
  }

  add({ hierarchy, id, path }: FoundCgroup): void {
    let named = this.#named.get(hierarchy);
    if (named === undefined) this.#named.set(hierarchy, (named = new Map<number, Named>()));
    if (named.size >= MAX_CGROUPS && !named.has(id)) this.#evict(named);
    named.set(id, { path, releasedNs: Number.POSITIVE_INFINITY });
  }

  /** Has its descendants moved, too. */
  rename({ hierarchy, id, path }: FoundCgroup): void {
    const named = this.#named.get(hierarchy);
    const former = named?.get(id)?.path;
    this.add({ hierarchy, id, path });
    this.#texts.clear();
    if (named === undefined || former === undefined) return;
    for (const entry of named.values()) if (entry.path.startsWith(`${former}/`)) entry.path = path + entry.path.slice(former.length);
  }

  /** Its path is not known any more, nor are those of its descendants; there is no former one where it was just made. */
  unname(hierarchy: number, id: number): void {
    const named = this.#named.get(hierarchy);
    const former = named?.get(id)?.path;
    if (named === undefined || former === undefined) return;
    this.#texts.clear();
    for (const [one, { path }] of named) if (path === former || path.startsWith(`${former}/`)) named.delete(one);
  }

  release(hierarchy: number, id: number, atNs: number): void {
    const entry = this.#named.get(hierarchy)?.get(id);
    if (entry === undefined) return;
    entry.releasedNs = atNs;
    if (this.#released.length >= MAX_CGROUPS) this.#forget(EVICTED);
    this.#released.push({ hierarchy, id, atNs });
  }

  /** Forgets what was released long ago. */
  expire(nowNs: number): void {
    let due = 0;
    while (due < this.#released.length && nowNs - (this.#released[due] as Released).atNs >= RETENTION_NS) due += 1;
    if (due > 0) this.#forget(due);
  }

  pathOf(hierarchy: number, id: number): string | undefined {
    return this.#named.get(hierarchy)?.get(id)?.path;
  }

  /** What /proc/<pid>/cgroup says of the ids at `offset` of a record, of the wanted hierarchies; undefined when one of them is not known. */
  textOf(view: RecordView, offset: number): Buffer | undefined {
    const first = (view.at + offset) >>> 2;
    const mix = mixOf(view.words, first);
    const known = this.#texts.get(mix);
    for (let entry = known; entry !== undefined; entry = entry.next) if (isSame(entry.ids, view.words, first)) return entry.text;
    const text = this.#compose(view, offset);
    if (text === undefined) {
      this.unresolved += 1;
      return undefined;
    }
    const isFull = this.#texts.size >= MAX_TEXTS;
    if (isFull) this.#texts.clear();
    this.#texts.set(mix, { ids: view.words.slice(first, first + IDS_WORDS), text, next: isFull ? undefined : known });
    return text;
  }

  /** Makes room: who makes and removes cgroups without end is not to have those forgotten that are in use. */
  #evict(named: Map<number, Named>): void {
    while (named.size >= MAX_CGROUPS && this.#released.length > 0) this.#forget(EVICTED);
    if (named.size < MAX_CGROUPS) return;
    let left = EVICTED;
    for (const oldest of named.keys()) {
      named.delete(oldest);
      left -= 1;
      if (left === 0) return;
    }
  }

  /** The `count` released longest ago. */
  #forget(count: number): void {
    for (const { hierarchy, id, atNs } of this.#released.splice(0, count)) {
      const named = this.#named.get(hierarchy);
      if (named?.get(id)?.releasedNs === atNs) named.delete(id);
    }
  }

  #compose(view: RecordView, offset: number): Buffer | undefined {
    let text = '';
    for (let place = 0; place < HIERARCHIES.length; place += 1) {
      const id = view.u64(offset + 8 * place);
      if (id === 0) continue;
      const head = this.#lineHeads[place] as string;
      const path = this.pathOf(Number.parseInt(head, 10), id);
      if (path === undefined) return undefined;
      text += `${head}${path}\n`;
    }
    return text === '' ? undefined : Buffer.from(text, 'latin1');
  }
}

const IDS_WORDS = 2 * HIERARCHIES.length;

function mixOf(words: Uint32Array, first: number): number {
  let mix = 0;
  for (let i = 0; i < IDS_WORDS; i += 1) mix = Math.imul(mix ^ (words[first + i] as number), GOLDEN);
  return mix;
}

function isSame(ids: Uint32Array, words: Uint32Array, first: number): boolean {
  for (let i = 0; i < IDS_WORDS; i += 1) if (ids[i] !== words[first + i]) return false;
  return true;
}
