import { ExecCache } from '../capture/bpf/exec-cache.ts';
import { Head } from '../capture/bpf/layout.ts';
import type { Unavailable } from '../capture/bpf/unavailable.ts';
import { KernelCapture } from '../capture/kernel-capture.ts';
import { kernelUnits } from '../capture/kernel-units.ts';
import { ProcfsCapture } from '../capture/procfs.ts';
import type { BpfLibrary } from '../native/bpf.ts';
import type { RingProducer } from '../ring/ring.ts';
import type { FrameWriter } from './frame-writer.ts';

/** An event of which something may be known besides what it says. */
export interface Occasion {
  readonly slot: number;
  /** The process: of a fork the child. */
  readonly tgid: number;
  readonly stampNs: number;
}

/** How the ingest thread gets what will be gone in a millisecond. */
export type CaptureState = { readonly via: 'kernel'; readonly missing: readonly (Unavailable & { readonly feature: string })[] } | ({ readonly via: 'procfs' } & Unavailable);

/**
 * What belongs to events besides what they say: from the records that the kernel makes at the very moment where it can be asked to, else from /proc, where it
 * is a race with the process's end.
 */
export class Captures {
  readonly procfs: ProcfsCapture;
  readonly #kernel: KernelCapture;
  readonly #frame: FrameWriter;
  readonly #units = kernelUnits();
  #cache: ExecCache | undefined;
  #state: CaptureState = { via: 'procfs', reason: 'enrich.exec_cache is off', fix: 'Set enrich.exec_cache to auto.' };

  constructor(ring: RingProducer, frame: FrameWriter, maxArgsBytes: number) {
    this.#frame = frame;
    this.procfs = new ProcfsCapture(ring, maxArgsBytes);
    this.#kernel = new KernelCapture(ring, { maxArgsBytes });
  }

  /** Before the subscription: from its first event on there is to be a record of each. */
  open(library: BpfLibrary | { readonly missing: string }, maxArgsBytes: number): void {
    const cache = ExecCache.open(library, { maxArgsBytes });
    if ('reason' in cache) this.#state = { via: 'procfs', ...cache };
    else {
      this.#cache = cache;
      this.#state = { via: 'kernel', missing: cache.missing };
    }
  }

  get state(): CaptureState {
    return this.#state;
  }

  /** Nothing needs to be read in a hurry. */
  get raceFree(): boolean {
    return this.#cache !== undefined;
  }

  /** To be called after each receive, before its events are taken. */
  poll(): void {
    this.#cache?.poll();
  }

  /** False where the kernel recorded nothing: then /proc has to be read. */
  exec({ slot, tgid, stampNs }: Occasion): boolean {
    const record = this.#cache?.takeExec(tgid, stampNs);
    if (record === undefined) return false;
    this.#frame.recorded(this.#kernel, { slot, record, stampNs, cgroup: this.#cache?.cgroupOf(record) });
    return true;
  }

  fork({ slot, tgid, stampNs }: Occasion): void {
    const record = this.#cache?.takeFork(tgid, stampNs);
    if (record !== undefined) this.#frame.forked(slot, { startBootNs: record.u64(Head.START_BOOT), cgroup: this.#cache?.cgroupOf(record) });
  }

  exit({ slot, tgid, stampNs }: Occasion): void {
    const exit = this.#cache?.takeExit(tgid, stampNs);
    if (exit !== undefined) this.#frame.used(slot, { exit, units: this.#units });
  }

  /** Records that nobody took up to a moment up to which all events have been heard: their room is needed. */
  forget(untilNs: number): void {
    const cache = this.#cache;
    if (cache === undefined) return;
    while (cache.takeLeftover(untilNs) !== undefined);
  }

  close(): void {
    this.#cache?.close();
    this.#cache = undefined;
  }
}
