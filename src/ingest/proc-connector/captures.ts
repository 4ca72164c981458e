import { AgentError } from '../../core/errors.ts';
import type { Feature } from '../capture/bpf/programs.ts';
import type { ExecCache, ExecCacheOptions } from '../capture/bpf/exec-cache.ts';
import { isInherited } from '../capture/bpf/exec-cache.ts';
import { Head } from '../capture/bpf/layout.ts';
import type { Unavailable } from '../capture/bpf/unavailable.ts';
import { TURNED_OFF } from '../capture/bpf/unavailable.ts';
import { KernelCapture } from '../capture/kernel-capture.ts';
import { liveCgroup } from '../capture/live-cgroup.ts';
import { kernelUnits } from '../capture/kernel-units.ts';
import { ProcfsCapture } from '../capture/procfs.ts';
import type { KernelUnits } from '../capture/usage.ts';
import type { RingProducer } from '../ring/ring.ts';
import type { FrameWriter } from './frame-writer.ts';
import { nowNs } from '../now.ts';

/** Whether the kernel is asked to record; `on`: or else the source does not open. */
export type ExecCacheMode = 'auto' | 'on' | 'off';

/** An event of which something may be known besides what it says. */
export interface Occasion {
  readonly slot: number;
  /** The process: of a fork the child. */
  readonly tgid: number;
  readonly stampNs: number;
}

/** How the ingest thread gets what will be gone in a millisecond; `missing`: what this kernel does not record. */
export type CaptureState =
  | { readonly via: 'kernel'; readonly missing: readonly { readonly feature: Feature; readonly reason: string }[] }
  | { readonly via: 'procfs'; readonly reason: string };

/** `ExecCache.open` with its library. Called once, unless the mode is `off`. */
export type OpenExecCache = (options: ExecCacheOptions) => ExecCache | Unavailable;

export interface CapturesConfig {
  readonly maxArgsBytes: number;
  /** Names of the variables that are wanted. */
  readonly env: readonly string[];
}

export interface OpenRequest {
  readonly mode: ExecCacheMode;
  /** Why nothing could be matched with records, whatever the kernel gives; a sentence without its full stop. */
  readonly obstacle: string | undefined;
}

const OFF: CaptureState = { via: 'procfs', reason: TURNED_OFF };

/** From a record to its event a process may lose its CPU to others, and for much longer to whoever traces it; as long as there is room its record waits. */
const PATIENCE_NS = 1e9;
/** What waits is not to take room from what is to come: beyond this many bytes records wait as long as events are late at worst in the ordinary course of things. */
const AMPLE_BYTES = 512 << 10;
const LATE_NS = 100e6;

/** A little later a FORK's record is there, if the kernel had room for it: it is made right after the event. */
const JUST_NOW_NS = 1e6;

/**
 * A CPU that is taken away while it writes a record, on a virtual machine, hides those of the others behind it until it is back. What one batch waits for that at
 * most, and how long at a time.
 */
const BLOCKED_NS = 5e6;
const BLOCKED_NAP_MS = 0.1;
/** Naps that are taken even so: on a busy host one alone may last longer than all should. */
const MIN_NAPS = 8;

/**
 * What belongs to events besides what they say: from the records that the kernel makes at the very moment where it can be asked to, else from /proc, where it
 * is a race with the process's end.
 */
export class Captures {
  readonly procfs: ProcfsCapture;
  readonly #kernel: KernelCapture;
  readonly #frame: FrameWriter;
  readonly #maxArgsBytes: number;
  #units: KernelUnits = { pageBytes: 0, tickNs: 0 };
  #cache: ExecCache | undefined;
  #polledNs = 0;
  /** Since then. */
  #naps = 0;
  readonly #word = new Int32Array(new SharedArrayBuffer(4));
  state: CaptureState = OFF;
  /** Moment of the oldest move of a process to another cgroup that has no place among the events yet; infinite where there is none. */
  moveNs = Number.POSITIVE_INFINITY;

  constructor(ring: RingProducer, frame: FrameWriter, { maxArgsBytes, env }: CapturesConfig) {
    this.#frame = frame;
    this.#maxArgsBytes = maxArgsBytes;
    this.procfs = new ProcfsCapture(ring, maxArgsBytes, { env });
    this.#kernel = new KernelCapture(ring, { maxArgsBytes, env });
  }

  /** Before the subscription: from its first event on there is to be a record of each. Throws EXEC_CACHE_UNAVAILABLE where there has to be and cannot. */
  open(openExecCache: OpenExecCache, { mode, obstacle }: OpenRequest): void {
    if (mode === 'off') return;
    const cache = obstacle === undefined ? openExecCache({ maxArgsBytes: this.#maxArgsBytes }) : { reason: obstacle, fix: '' };
    if ('reason' in cache) {
      if (mode === 'on') throw unavailable(cache);
      this.state = { via: 'procfs', reason: cache.reason };
      return;
    }
    this.#cache = cache;
    this.#units = kernelUnits();
    this.state = { via: 'kernel', missing: cache.missing.map(({ feature, reason }) => ({ feature, reason })) };
  }

  /** Nothing needs to be read in a hurry. */
  get raceFree(): boolean {
    return this.#cache !== undefined;
  }

  /** To be called after each receive, before its events are taken. */
  poll(atNs: number): void {
    this.#polledNs = atNs;
    this.#naps = 0;
    if (this.#cache === undefined) return;
    this.#cache.poll();
    // Here and not at each poll: an event that is being matched may ask again.
    this.#cache.turnLateForks();
    this.moveNs = this.#cache.moveNs;
  }

  /** False where the kernel recorded nothing: then /proc has to be read. */
  exec({ slot, tgid, stampNs }: Occasion): boolean {
    const record = this.#cache?.takeExec(tgid, stampNs) ?? this.#hiddenExec(tgid, stampNs);
    if (record === undefined) return false;
    this.#frame.recorded(this.#kernel, { slot, record, stampNs, cgroup: this.#cache?.cgroupOf(record) });
    return true;
  }

  fork({ slot, tgid, stampNs }: Occasion): void {
    const record = this.#cache?.takeFork(tgid, stampNs) ?? this.#lateFork(tgid, stampNs);
    if (record === undefined) return;
    const startBootNs = record.u64(Head.START_BOOT);
    if (isInherited(record)) this.#frame.forked(slot, { startBootNs });
    else this.#frame.forkedInto(slot, { startBootNs, cgroup: this.#cache?.cgroupOf(record) ?? liveCgroup(tgid) });
  }

  exit({ slot, tgid, stampNs }: Occasion): void {
    const exit = this.#cache?.takeExit(tgid, stampNs);
    if (exit !== undefined) this.#frame.used(slot, { exit, units: this.#units });
  }

  /** Puts the oldest move before `slot`. */
  move(slot: number): void {
    const move = this.#cache?.takeMove();
    if (move !== undefined) this.#frame.moved(slot, { ...move, cgroup: move.cgroup ?? liveCgroup(move.tgid) });
    this.moveNs = this.#cache?.moveNs ?? Number.POSITIVE_INFINITY;
  }

  /** Puts those moves into the frame at hand, begun and empty, before which all has been heard if all up to `heardNs` has. */
  settleMoves(heardNs: number): void {
    this.poll(heardNs);
    this.#frame.received(0);
    while (this.moveNs < heardNs - LATE_NS && this.#frame.hasRoom) this.move(0);
  }

  /** Up to when nobody will ask for records any more, if all events up to `heardNs` have been heard: their room is needed. */
  settledNs(heardNs: number): number {
    return heardNs - (this.#cache !== undefined && this.#cache.heldBytes > AMPLE_BYTES ? LATE_NS : PATIENCE_NS);
  }

  /** Lets go of records that nobody took. */
  forget(untilNs: number): void {
    while (this.#cache?.takeLeftover(untilNs) !== undefined);
  }

  /**
   * The same up to the next exec made after `sinceNs`, which is put into the frame at hand, begun and empty; returns the moment of its record, or 0 where there was
   * none.
   */
  recover(sinceNs: number, untilNs: number): number {
    for (let left = this.#cache?.takeLeftover(untilNs); left !== undefined; left = this.#cache?.takeLeftover(untilNs)) {
      if (left.kind !== 'EXEC' || left.record.stampNs < sinceNs) continue;
      const { record } = left;
      const { stampNs } = record;
      this.#frame.recovered(this.#kernel, { record, stampNs, cgroup: this.#cache?.cgroupOf(record) });
      return stampNs;
    }
    return 0;
  }

  close(): void {
    this.#cache?.close();
    this.#cache = undefined;
  }

  #hiddenExec(tgid: number, stampNs: number): ReturnType<ExecCache['takeExec']> {
    const cache = this.#cache;
    if (cache === undefined) return undefined;
    for (; cache.isBlocked && (this.#naps < MIN_NAPS || nowNs() - this.#polledNs < BLOCKED_NS); this.#naps++) {
      Atomics.wait(this.#word, 0, 0, BLOCKED_NAP_MS);
      cache.poll();
      const record = cache.takeExec(tgid, stampNs);
      if (record !== undefined) return record;
    }
    return undefined;
  }

  #lateFork(tgid: number, stampNs: number): ReturnType<ExecCache['takeFork']> {
    const cache = this.#cache;
    if (cache === undefined || !cache.features.includes('fork') || this.#polledNs - stampNs > JUST_NOW_NS) return undefined;
    cache.poll();
    return cache.takeFork(tgid, stampNs);
  }
}

function unavailable({ reason, fix }: Unavailable): AgentError {
  return new AgentError('EXEC_CACHE_UNAVAILABLE', `the exec cache cannot be used: ${reason}`, {
    fix: `${fix === '' ? 'Set' : `${sentence(fix)} Or set`} enrich.exec_cache to auto, which reads /proc instead.`,
  });
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
