import type { ProcessEvent } from '../../core/event.ts';
import type { Known } from '../known.ts';
import { Glob } from './glob.ts';
import type { Conditions } from './rule.ts';

/** Whether it holds for an event, of whose process the table may know more. */
export type Condition = (event: ProcessEvent, known: Known | undefined) => boolean;

export interface UserLookup {
  nameOf(uid: number): string | null;
}

/** A family deeper than this is looked at so far. */
const MOST_ANCESTORS = 64;

/** In the order of what they cost: the first that does not hold decides. Made once; asking them allocates nothing. */
export function conditionsOf(when: Conditions, users: UserLookup): Condition[] {
  const conditions: Condition[] = [];
  if (when.kind !== undefined) conditions.push(ofKind(new Set<string>(when.kind)));
  if (when.user !== undefined) conditions.push(ofUser(when.user, users));
  if (when.container !== undefined) conditions.push(inContainer(when.container));
  if (when.exe !== undefined) conditions.push(ofExe(globsOf(when.exe)));
  if (when.name !== undefined) conditions.push(ofName(globsOf(when.name)));
  if (when.cgroup !== undefined) conditions.push(inCgroup(globsOf(when.cgroup)));
  if (when.ancestor !== undefined) conditions.push(below(when.ancestor.map(ancestorGlob)));
  return conditions;
}

function globsOf(patterns: readonly string[]): Glob[] {
  return patterns.map((pattern) => new Glob(pattern));
}

function matchesAny(globs: readonly Glob[], text: string | null): boolean {
  if (text === null) return false;
  for (let i = 0; i < globs.length; i++) if ((globs[i] as Glob).matches(text)) return true;
  return false;
}

const ofKind =
  (kinds: ReadonlySet<string>): Condition =>
  (event) =>
    kinds.has(event.kind);

function ofUser(users: readonly (string | number)[], lookup: UserLookup): Condition {
  const uids = new Set(users.filter((user) => typeof user === 'number'));
  const names = new Set(users.filter((user) => typeof user === 'string'));
  return (event, known) => {
    const uid = event.process.uid ?? known?.uid ?? null;
    if (uid === null) return false;
    if (uids.has(uid)) return true;
    if (names.size === 0) return false;
    const name = event.process.user ?? lookup.nameOf(uid);
    return name !== null && names.has(name);
  };
}

const ofExe =
  (globs: readonly Glob[]): Condition =>
  (event, known) =>
    matchesAny(globs, event.process.exe ?? known?.image?.exe ?? null);

const ofName =
  (globs: readonly Glob[]): Condition =>
  (event, known) =>
    matchesAny(globs, event.process.name ?? known?.name ?? null);

const inCgroup =
  (globs: readonly Glob[]): Condition =>
  (event, known) =>
    matchesAny(globs, event.process.cgroup ?? known?.cgroup ?? null);

function inContainer(patterns: readonly string[]): Condition {
  const globs = globsOf(patterns.filter((pattern) => pattern !== 'none'));
  const orNone = patterns.includes('none');
  return ({ container }) => {
    if (container === null) return orNone;
    return matchesAny(globs, container.id) || matchesAny(globs, container.name) || matchesAny(globs, container.image);
  };
}

interface AncestorGlob {
  readonly glob: Glob;
  readonly isPath: boolean;
}

const ancestorGlob = (pattern: string): AncestorGlob => ({ glob: new Glob(pattern), isPath: pattern.includes('/') });

function below(globs: readonly AncestorGlob[]): Condition {
  return ({ parent }, known) => {
    let above = known?.parent ?? null;
    for (let depth = 0; above !== null && depth < MOST_ANCESTORS; depth++) {
      if (isCalled(globs, above.name, above.image === null ? null : above.image.exe)) return true;
      above = above.parent;
    }
    if (parent === null) return false;
    if (isCalled(globs, parent.name, parent.exe)) return true;
    const ancestors = parent.ancestors ?? NOBODY;
    for (let i = 0; i < ancestors.length; i++) {
      const ancestor = ancestors[i] as (typeof ancestors)[number];
      if (isCalled(globs, ancestor.name, ancestor.exe)) return true;
    }
    return false;
  };
}

const NOBODY: readonly never[] = [];

function isCalled(globs: readonly AncestorGlob[], name: string | null, exe: string | null): boolean {
  for (let i = 0; i < globs.length; i++) {
    const { glob, isPath } = globs[i] as AncestorGlob;
    if (!isPath && name !== null && glob.matches(name)) return true;
    if (exe !== null && glob.matches(exe, isPath ? 0 : exe.lastIndexOf('/') + 1)) return true;
  }
  return false;
}
