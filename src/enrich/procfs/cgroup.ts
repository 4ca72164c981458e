import type { Piece } from '../../core/kernel-event.ts';
import { containerOfCgroup } from '../containers/cgroup-container.ts';
import { bytesOf } from './piece.ts';

/** v1 hierarchies that container runtimes and systemd keep up to date; of equally long paths the earlier wins. */
const V1_HIERARCHIES = ['name=systemd', 'pids', 'memory', 'cpu'] as const;
const NOT_V1 = V1_HIERARCHIES.length;
/** What the kernel appends when the cgroup was removed under a task that is still in it. */
const DELETED = ' (deleted)';

/**
 * The one path of `/proc/<pid>/cgroup`: on a unified host that of v2; on hybrid and v1 hosts the most specific (longest)
 * non-root path among `V1_HIERARCHIES`, else that of v2, else `/`; but that of v2 where it alone names a container. Lines are `<id>:<controllers>:<path>`, v2 is `0::<path>`;
 * a path may hold colons, never a newline. undefined when nothing could be read.
 */
export function parseCgroup(piece: Piece): string | undefined {
  const bytes = bytesOf(piece);
  if (bytes === undefined || bytes.length === 0) return undefined;
  // One character a byte, so that offsets in the text are offsets in the bytes.
  const text = bytes.toString('latin1');
  let best = 0,
    bestEnd = 1,
    bestRank: number = NOT_V1,
    unified = 0,
    unifiedEnd = 0;
  for (let start = 0, end = 0; start < text.length; start = end + 1) {
    end = lineEnd(text, start);
    const controllers = text.indexOf(':', start) + 1;
    const path = text.indexOf(':', controllers) + 1;
    if (controllers === 0 || path === 0 || path > end) continue;
    const stop = text.endsWith(DELETED, end) ? Math.max(end - DELETED.length, path) : end;
    if (path === controllers + 1) {
      unified = path;
      unifiedEnd = stop;
      continue;
    }
    const rank = rankOf(text, controllers, path - 1);
    const longer = stop - path - (bestEnd - best);
    if (rank !== NOT_V1 && stop - path > 1 && (longer > 0 || (longer === 0 && rank < bestRank))) {
      best = path;
      bestEnd = stop;
      bestRank = rank;
    }
  }
  const v2 = unifiedEnd - unified > 1 ? bytes.toString('utf8', unified, unifiedEnd) : '/';
  if (bestRank === NOT_V1) return v2;
  const v1 = bytes.toString('utf8', best, bestEnd);
  return v2 !== '/' && v2 !== v1 && isOnlyContainer(v2, v1) ? v2 : v1;
}

/** A runtime that uses v2 alone leaves its processes where they were in v1. */
function isOnlyContainer(v2: string, v1: string): boolean {
  return containerOfCgroup(v2) !== null && containerOfCgroup(v1) === null;
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end < 0 ? text.length : end;
}

/** Place of the best known name in the comma-separated controllers of one line; `NOT_V1` for none. */
function rankOf(text: string, start: number, end: number): number {
  let rank: number = NOT_V1;
  for (let at = start, comma = 0; at < end; at = comma + 1) {
    comma = text.indexOf(',', at);
    if (comma < 0 || comma > end) comma = end;
    for (let candidate = 0; candidate < rank; candidate++) {
      const name = V1_HIERARCHIES[candidate] as string;
      if (name.length === comma - at && text.startsWith(name, at)) rank = candidate;
    }
  }
  return rank;
}
