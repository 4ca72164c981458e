import type { ProcessKind } from '../../core/event.ts';

/** What must all be so for a rule to hold; what is not there need not. Of each list one is enough; texts are globs (glob.ts). */
export interface Conditions {
  readonly kind?: readonly ProcessKind[];
  /** Path of the executable. */
  readonly exe?: readonly string[];
  /** The name that the kernel keeps. */
  readonly name?: readonly string[];
  /** Names or ids of the user whose id is the process's real one. */
  readonly user?: readonly (string | number)[];
  /** Path of the cgroup. */
  readonly cgroup?: readonly string[];
  /** Id, name or image; `none`: in no container. */
  readonly container?: readonly string[];
  /** Of any process above it: path of the executable where the glob has a / in it, else its last part or the name. */
  readonly ancestor?: readonly string[];
}

export interface FilterRule {
  readonly action: 'include' | 'exclude';
  readonly when: Conditions;
}
