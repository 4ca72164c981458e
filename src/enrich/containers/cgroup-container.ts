/**
 * cgroup path → container. The innermost container wins: a process in docker-in-docker or in a pod of kind belongs to the inner one; one beside it
 * (the inner daemon, conmon) to the outer one. Which names are recognised: `cgroup-name.ts`.
 *
 * A path is what the runtime wrote, and no more: whoever may make cgroups (root, a user with a delegated subtree) may give them any name.
 */
import { containerInName } from './cgroup-name.ts';
import type { NamedContainer } from './named-container.ts';
import { podUidOf } from './pod-uid.ts';

/** `id`: 64 hexadecimal digits for the usual runtimes, the name for LXC and systemd-nspawn. `runtime`: null where the layout is one that several share. */
export interface CgroupContainer extends NamedContainer {
  /** The Kubernetes pod around it, with dashes as the API prints it. */
  readonly podUid: string | null;
}

/** null: not in a container. Never throws, whatever the path; linear in its length. */
export function containerOfCgroup(path: string): CgroupContainer | null {
  const segments = path.split('/');
  for (let at = segments.length - 1; at >= 0; at--) {
    const found = containerInName(segments, at);
    if (found !== null) return withPod(found, segments, at);
  }
  return null;
}

function withPod({ id, runtime, name }: NamedContainer, segments: readonly string[], from: number): CgroupContainer {
  let podUid: string | null = null;
  for (let at = from; at >= 0 && podUid === null; at--) podUid = podUidOf(segments[at] as string);
  return { id, runtime, name, podUid };
}

/** Long-lived hosts make cgroups for ever; parsing anew costs a microsecond. */
const MAX_PATHS = 8192;

/** The same with memory: one look-up for a path that was seen before. When full it forgets all, as `StringPool` does. */
export class CgroupContainers {
  readonly #known = new Map<string, CgroupContainer | null>();
  readonly #max: number;

  constructor(max = MAX_PATHS) {
    this.#max = max;
  }

  of(path: string): CgroupContainer | null {
    const known = this.#known.get(path);
    return known === undefined ? this.#parse(path) : known;
  }

  get size(): number {
    return this.#known.size;
  }

  #parse(path: string): CgroupContainer | null {
    const found = containerOfCgroup(path);
    if (this.#known.size >= this.#max) this.#known.clear();
    this.#known.set(path, found);
    return found;
  }
}
