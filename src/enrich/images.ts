/** Images as captures show them. */
import type { Uuid } from '../core/event.ts';
import type { Captured } from './captured.ts';
import type { EnrichContext } from './context.ts';
import type { Entry } from './table/entry.ts';
import { newImage, type Image } from './table/image.ts';

/** @param execId null for an image of which nobody knows the id: that of a parent */
export function imageOf(captured: Captured, execId: Uuid | null): Image {
  return newImage({ execId, exe: captured.exe?.path ?? null, argv: captured.argv, cwd: captured.cwd, envStart: captured.envStart });
}

/** The image of one more exec of the process. */
export function nextImage(ctx: EnrichContext, entry: Entry, captured: Captured): Image {
  entry.execs++;
  return imageOf(captured, entry.forkHeard ? ctx.execIds.ofHeard(entry.id, entry.execs) : ctx.execIds.ofFound(entry.id));
}

/**
 * Whether what /proc shows is another image than the one that is known. Where the environment begins decides if both sides say it: a file that is
 * renamed changes its path under the process that runs it, and an exec of the same file leaves the path. Arguments say nothing: processes rewrite them.
 */
export function isAnotherImage(known: Image | null, seen: Captured): boolean {
  if (known === null || known.exe === null) return false;
  if (known.envStart !== 0 && seen.envStart !== 0) return known.envStart !== seen.envStart;
  return seen.exe !== undefined && seen.exe.path !== known.exe;
}
