import type { Usage, Uuid } from '../../core/event.ts';
import { UNKNOWN_TICKS } from '../../core/start-ticks.ts';
import type { Image } from './image.ts';

/** How the start time, and with it the entity id, is known. */
export const START_UNKNOWN = 0;
/** Computed from the stamp of the FORK: may be one tick after what /proc prints. */
export const START_DERIVED = 1;
/** As the kernel keeps it, from /proc or from a record. */
export const START_EXACT = 2;
export type StartSource = typeof START_UNKNOWN | typeof START_DERIVED | typeof START_EXACT;

/** Which values are the process's own, not what its parent had at the fork. */
export const OWN_IMAGE = 1;
export const OWN_CGROUP = 2;
export const OWN_IDS = 4;
/** A set-user-id (set-group-id) event was published for a thread that is not the leader. */
export const UID_FROM_THREAD = 8;
export const GID_FROM_THREAD = 16;
/** Its FORK or a SNAPSHOT was heard: whoever follows the events knows of it. */
export const ANNOUNCED = 32;
/** Its end was noticed by a listing of /proc: no EXIT of it was heard. */
export const DIED_UNSEEN = 64;

/** `threadEpoch` of an entry whose thread count was never known exactly. */
const COUNT_NEVER_KNOWN = -1;

export interface FormerIds {
  readonly real: number | null;
  readonly effective: number | null;
  /** CLOCK_MONOTONIC of the change. */
  readonly atNs: number;
}

export type Whereabouts = 'new' | 'living' | 'exited' | 'evicted';

/** One process in the table. All fields are set in the constructor: tens of thousands of these share one hidden class. */
export class Entry {
  readonly pid: number;
  id: Uuid;
  /** Ticks of 1/100 s since boot. */
  startTicks = UNKNOWN_TICKS;
  startSource: StartSource = START_UNKNOWN;
  /** CLOCK_MONOTONIC of the start; while that is not known, of the first event of the process. */
  startNs = 0;
  /** Wall clock of the start. */
  startUs = 0;
  name: string | null = null;
  image: Image | null = null;
  /** Execs heard since a fork that was heard. */
  execs = 0;
  forkHeard = false;
  /** OWN_* and *_FROM_THREAD bits. */
  marks = 0;
  uid: number | null = null;
  gid: number | null = null;
  euid: number | null = null;
  egid: number | null = null;
  loginUid: number | null = null;
  nsPid: number | null = null;
  sid: number | null = null;
  pgid: number | null = null;
  tty: string | null = null;
  cgroup: string | null = null;
  /** Pid of the parent where /proc said it and no entry was there; 0 unknown or none. */
  ppid = 0;
  /** May have exited, may be evicted: then it still has pid, id and name, but no image and no parent. */
  parent: Entry | null = null;
  /** Threads that run, leader included; see threads.ts for how far it can be trusted. */
  threads = 1;
  leaderExited = false;
  /** The table's `lossEpoch` when `threads` was exact (for an exited process: when it exited), or COUNT_NEVER_KNOWN. */
  threadEpoch = COUNT_NEVER_KNOWN;
  /** CLOCK_MONOTONIC when `threads` was exact: thread events before are in it already. */
  countedNs = 0;
  /** CLOCK_MONOTONIC at which the task that is its leader now is known to have run. */
  aliveNs = 0;
  /** Number of the last listing of /proc that showed it; 0 for none. */
  listed = 0;
  /** What it used, where that was told with the EXIT of a thread before the last one. */
  usage: Usage | null = null;
  /** CLOCK_MONOTONIC of the last move to another cgroup that was told of; 0 for none. */
  movedNs = 0;
  /** User and group ids before the last change of them that a message told of. */
  formerUser: FormerIds | null = null;
  formerGroup: FormerIds | null = null;
  exitNs = 0;
  whereabouts: Whereabouts = 'new';
  previous: Entry | null = null;
  next: Entry | null = null;

  constructor(pid: number, id: Uuid) {
    this.pid = pid;
    this.id = id;
  }

  has(mark: number): boolean {
    return (this.marks & mark) !== 0;
  }
}

/** Heap estimate of one entry without its image: object, id, map slot, boxed doubles. */
export const ENTRY_BYTES = 600;
