import { readdirSync, statSync } from 'node:fs';
import { errnoName } from '../../../core/system-error.ts';
import type { CgroupMount } from './hierarchies.ts';

/** A cgroup that exists; the path within its hierarchy, one character a byte. */
export interface FoundCgroup {
  readonly hierarchy: number;
  readonly id: number;
  readonly path: string;
}

/**
 * All cgroups below a mount, `limit` at most: the id of one is the inode of its folder. Those that cannot be looked at are left out, as they vanish meanwhile, or lie
 * deeper than a path can say, which whoever may make cgroups can arrange: processes there are looked at in /proc.
 */
export function* walkCgroups({ hierarchy, root, point }: CgroupMount, limit: number): Generator<FoundCgroup> {
  const waiting = [''];
  for (let path = waiting.pop(), found = 0; path !== undefined && found < limit; path = waiting.pop(), found += 1) {
    const folder = Buffer.from(point + path, 'latin1');
    try {
      yield { hierarchy, id: statSync(folder).ino, path: root + path === '' ? '/' : root + path };
      for (const entry of readdirSync(folder, { withFileTypes: true, encoding: 'latin1' }))
        if (entry.isDirectory()) waiting.push(`${path}/${entry.name}`);
    } catch (error) {
      if (errnoName(error) === undefined) throw error;
    }
  }
}
