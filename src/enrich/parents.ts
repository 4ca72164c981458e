import type { Ancestor, Parent, Uuid } from '../core/event.ts';
import type { EnrichContext } from './context.ts';
import { START_UNKNOWN, type Entry } from './table/entry.ts';

/** Nobody is referred to by an id without a start time: it could be any process that ever had the pid. */
export function entityIdOf(entry: Entry): Uuid | null {
  return entry.startSource === START_UNKNOWN ? null : entry.id;
}

/**
 * The parent's entry. A snapshot meets children before their parents, so a parent known by pid only is looked up when somebody asks;
 * a holder of that pid that is younger than the child is somebody else.
 */
export function parentOf(ctx: EnrichContext, entry: Entry): Entry | null {
  if (entry.parent !== null || entry.ppid === 0) return entry.parent;
  const holder = ctx.table.get(entry.ppid);
  if (holder === undefined || holder === entry || isYounger(holder, entry)) return null;
  entry.parent = holder;
  return holder;
}

function isYounger(one: Entry, other: Entry): boolean {
  return one.startSource !== START_UNKNOWN && other.startSource !== START_UNKNOWN && one.startTicks > other.startTicks + 2;
}

/** `exec_id` is the image that the parent runs, which may be one that it inherited itself. */
export function parentLink(parent: Entry): Parent {
  const image = parent.image;
  return {
    pid: parent.pid,
    entity_id: entityIdOf(parent),
    exec_id: image === null ? null : image.execId,
    name: null,
    exe: null,
    args: null,
    ancestors: null,
  };
}

/** A parent of which only the pid is known. */
export function bareParent(pid: number): Parent {
  return { pid, entity_id: null, exec_id: null, name: null, exe: null, args: null, ancestors: null };
}

/** The parent with what it runs, and its ancestors: newest first, beginning with its own parent. */
export function fullParent(ctx: EnrichContext, parent: Entry): Parent {
  const link = parentLink(parent);
  link.name = parent.name;
  if (parent.image !== null) {
    link.exe = parent.image.exe;
    link.args = parent.image.argv === null ? null : parent.image.argv.args;
  }
  link.ancestors = ancestorsOf(ctx, parent);
  return link;
}

function ancestorsOf(ctx: EnrichContext, descendant: Entry): Ancestor[] {
  const ancestors: Ancestor[] = [];
  for (let entry = parentOf(ctx, descendant); entry !== null && ancestors.length < ctx.maxAncestors; entry = parentOf(ctx, entry)) {
    ancestors.push({ pid: entry.pid, entity_id: entityIdOf(entry), name: entry.name, exe: entry.image === null ? null : entry.image.exe });
  }
  return ancestors;
}
