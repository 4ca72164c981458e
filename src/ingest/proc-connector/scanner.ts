import { readdirSync } from 'node:fs';
import type { ScanPurpose } from '../../core/kernel-event.ts';
import { ProcfsScan } from '../capture/procfs-scan.ts';
import type { Extent } from '../capture/procfs.ts';
import { signatureOf } from '../capture/signature.ts';
import type { Receiver } from './receiver.ts';
import { nowNs } from '../now.ts';

/** Processes looked at between two looks at the socket. */
const SLICE = 32;
/** After a slice this many times its duration is spent on other things, except at the start: a quarter of a core at most. */
const REST = 3;
/**
 * The END of a listing waits this long, and until the socket is empty: a process that is gone from /proc has its EXIT sent microseconds later, and
 * what tells of it may still be queued.
 */
const GRACE_NS = 200e6;
/** Until there may be room in a full ring again, or a descriptor to spare. */
const NO_ROOM_NS = 10e6;
const NO_DESCRIPTOR_NS = 1e9;
/** A loss seldom comes alone: the listing waits until there has been none for this long, but not longer than the second. */
const LOSS_CALM_NS = 100e6;
const LOSS_PATIENCE_NS = 2e9;
/** Listings after losses stay below this share of the time, however often there are losses, and apart by this. */
const LOSS_SHARE = 20;
const LOSS_APART_NS = 1e9;

export interface ScannerConfig {
  readonly threads: boolean;
  /** How often the table is compared with /proc although nothing was lost. */
  readonly reconcileEveryMs: number;
  readonly fallbackEveryMs: number;
}

interface Listing {
  readonly purpose: ScanPurpose;
  readonly pids: ProcfsScan;
  readonly beganNs: number;
  begun: boolean;
  processes: number;
  /** CLOCK_MONOTONIC when the last process was listed; 0 before. */
  listedNs: number;
}

/**
 * Lists /proc into the stream: before all else what runs already, later what losses may have hidden and what should be gone, and everything every second while
 * there is nothing to hear by. One listing at a time, a slice a turn. After the first one a process that looks as it did the last time is listed by its stat only.
 */
export class Scanner {
  readonly #receiver: Receiver;
  readonly #config: ScannerConfig;
  #listing: Listing | undefined;
  #threads: number[] = [];
  #leader = 0;
  /** Signature of each process at its last listing. */
  #seen = new Map<number, string>();
  #seeing = new Map<number, string>();
  #startPending = false;
  #started = false;
  #firstLossNs = 0;
  #lastLossNs = 0;
  #endedNs = 0;
  #lossEndedNs = 0;
  #spentNs = 0;
  #restUntilNs = 0;

  constructor(receiver: Receiver, config: ScannerConfig) {
    this.#receiver = receiver;
    this.#config = config;
  }

  /** What runs already is to be told, before anything else. */
  requestStart(): void {
    this.#startPending = true;
    this.#started = true;
  }

  /** Something was lost, or nobody listened: processes may have come and gone, and come and stayed. */
  noteLoss(atNs: number): void {
    if (this.#firstLossNs === 0) this.#firstLossNs = atNs;
    this.#lastLossNs = atNs;
  }

  /** CLOCK_MONOTONIC at which `step` has something to do; nothing before the start was asked for. */
  dueNs(listening: boolean): number {
    if (!this.#started) return Number.POSITIVE_INFINITY;
    return Math.max(this.#restUntilNs, this.#listing === undefined ? this.#nextNs(listening) : this.#graceNs(this.#listing));
  }

  #graceNs({ listedNs }: Listing): number {
    return listedNs === 0 ? 0 : listedNs + GRACE_NS;
  }

  #nextNs(listening: boolean): number {
    if (this.#startPending) return 0;
    if (!listening) return this.#endedNs + this.#config.fallbackEveryMs * 1e6;
    const interval = this.#endedNs + this.#config.reconcileEveryMs * 1e6;
    return this.#firstLossNs === 0 ? interval : Math.min(interval, this.#lossDueNs());
  }

  #lossDueNs(): number {
    const settled = Math.min(this.#lastLossNs + LOSS_CALM_NS, this.#firstLossNs + LOSS_PATIENCE_NS);
    return Math.max(settled, this.#lossEndedNs + Math.max(LOSS_APART_NS, this.#spentNs * LOSS_SHARE));
  }

  /** Does what is due; returns the purpose of the listing that ended with it. */
  step(atNs: number, { listening, connected }: { listening: boolean; connected: boolean }): ScanPurpose | undefined {
    if (atNs < this.dueNs(listening)) return undefined;
    const listing = this.#listing ?? this.#open(this.#purpose(listening), atNs);
    if (listing === undefined) return undefined;
    if (listing.listedNs > 0) return this.#settle(listing, { atNs, connected });
    const hadRoom = this.#slice(listing);
    const spent = nowNs() - atNs;
    this.#spentNs += spent;
    this.#restUntilNs = atNs + Math.max(hadRoom ? 0 : NO_ROOM_NS, listing.purpose === 'start' ? 0 : spent * (1 + REST));
    return listing.listedNs > 0 ? this.#settle(listing, { atNs: nowNs(), connected }) : undefined;
  }

  #purpose(listening: boolean): ScanPurpose {
    if (this.#startPending) return 'start';
    if (!listening) return 'fallback';
    return this.#firstLossNs === 0 ? 'interval' : 'loss';
  }

  /** undefined where no descriptor is to spare: the listing stays due. */
  #open(purpose: ScanPurpose, atNs: number): Listing | undefined {
    const pids = ProcfsScan.open();
    if (pids === undefined) {
      this.#restUntilNs = atNs + NO_DESCRIPTOR_NS;
      return undefined;
    }
    this.#startPending = false;
    this.#firstLossNs = 0;
    this.#spentNs = 0;
    this.#restUntilNs = 0;
    this.#listing = { purpose, pids, beganNs: atNs, begun: false, processes: 0, listedNs: 0 };
    return this.#listing;
  }

  /** A frame each: the moment of each snapshot is its own, or a thread born meanwhile would be counted twice. False when the ring was full. */
  #slice(listing: Listing): boolean {
    const { frame } = this.#receiver;
    for (let n = 0; n < SLICE; n += 1) {
      if (!frame.begin()) return false;
      if (!listing.begun) {
        listing.begun = true;
        this.#mark(listing, 'BEGIN');
      } else if (!this.#next(listing)) {
        listing.listedNs = nowNs();
        break;
      }
    }
    return true;
  }

  /** Writes the next process or thread into the frame at hand; false when there is none left. */
  #next(listing: Listing): boolean {
    const thread = this.#threads.pop();
    if (thread !== undefined) {
      this.#write(listing.purpose, { pid: thread, extent: 'thread' });
      return true;
    }
    const pid = listing.pids.next();
    if (pid === undefined) return false;
    this.#leader = pid;
    const stat = this.#receiver.captures.procfs.glance(pid);
    // Gone since the directory was read.
    if (stat === undefined) return true;
    const signature = signatureOf(stat);
    const isKnown = this.#seen.get(pid) === signature;
    this.#seeing.set(pid, signature);
    listing.processes += 1;
    this.#write(listing.purpose, { pid, extent: isKnown ? 'glanced' : 'all' });
    if (this.#config.threads && listing.purpose === 'start') this.#threads = threadsOf(pid);
    return true;
  }

  #write(purpose: ScanPurpose, { pid, extent }: { pid: number; extent: Extent }): void {
    const { frame, captures, clock } = this.#receiver;
    const stampNs = nowNs();
    frame.received(0);
    frame.found(captures.procfs, { purpose, tgid: this.#leader, pid, stampNs, extent });
    frame.commit(0, clock.offsetsAt(stampNs), captures.procfs.statNs);
  }

  #settle(listing: Listing, { atNs, connected }: { atNs: number; connected: boolean }): ScanPurpose | undefined {
    const { drainedNs, stampNs, frame } = this.#receiver;
    const graceNs = listing.listedNs + GRACE_NS;
    // At the start nothing is concluded from what was not listed, and without a socket there is nothing to wait for.
    const isSettled = listing.purpose === 'start' || !connected || (atNs >= graceNs && Math.max(drainedNs, stampNs) >= graceNs);
    if (!isSettled) return undefined;
    if (!frame.begin()) {
      this.#restUntilNs = atNs + NO_ROOM_NS;
      return undefined;
    }
    this.#mark(listing, 'END');
    this.close();
    this.#seen = this.#seeing;
    this.#seeing = new Map();
    this.#endedNs = atNs;
    if (listing.purpose === 'loss') this.#lossEndedNs = atNs;
    return listing.purpose;
  }

  #mark({ purpose, beganNs, processes }: Listing, phase: 'BEGIN' | 'END'): void {
    const { frame, clock } = this.#receiver;
    const stampNs = nowNs();
    frame.received(0);
    frame.scan({ purpose, phase, beganNs, processes });
    frame.commit(0, clock.offsetsAt(stampNs), stampNs);
  }

  /** Gives up the listing at hand; it gets no END. */
  close(): void {
    this.#listing?.pids.close();
    this.#listing = undefined;
    this.#threads = [];
  }
}

/** Threads of a process besides its leader; none when it is gone. */
function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .map(Number)
      .filter((tid) => tid !== pid);
  } catch (error) {
    if (error instanceof Error && 'errno' in error) return [];
    throw error;
  }
}
