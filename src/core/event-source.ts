import type { Source } from './component.ts';
import type { AgentError } from './errors.ts';
import type { Heard } from './kernel-event.ts';

/** Totals since `open`. What `read` has handed out, so that they agree with the stream at any time. */
export interface SourceCounts {
  /** Messages of the kernel with a sequence number, events and acknowledgements. */
  readonly heard: number;
  /** As declared in LOSS events. */
  readonly lost: number;
  readonly acks: number;
  /** Of a kind that this version does not know. */
  readonly unknown: number;
  /** Sent by another program than the kernel, and ignored. */
  readonly foreign: number;
  /** Not in the form of a process event, and ignored. */
  readonly malformed: number;
  /** How often the receive buffer was full. */
  readonly overruns: number;
}

/** What a source says of itself in START. */
export interface SourceDescription {
  /** Names of what it hears by. */
  readonly sources: readonly string[];
  readonly degraded: readonly { readonly feature: string; readonly reason: string }[];
  /** Where events can be lost, and what is then known. */
  readonly lossWindows: readonly string[];
}

/**
 * How a source hears, told when it changes. `listening`: events come, and a process of our own was heard. `unconfirmed`: events come, our own was among
 * those lost. `scanning`: /proc is listed every second instead, because of `reason`.
 */
export type SourceState = { readonly state: 'listening' | 'unconfirmed' } | { readonly state: 'scanning'; readonly reason: AgentError };

/**
 * Where process events come from. Besides the law of components: `open` resolves when the first event can no longer be missed, and not before;
 * `read` hands out everything heard until `close`, then undefined; captures of a batch are valid until the next `read`.
 */
export interface EventSource extends Source<Heard> {
  readonly counts: SourceCounts;
  /** Once open. */
  describe(): SourceDescription;
  /** CLOCK_BOOTTIME − CLOCK_MONOTONIC at that moment, nanoseconds: how long the machine had been suspended by then. */
  bootOffsetNs(monotonicNs: number): number;
  /** Last 64-bit sequence of each CPU, by its number. */
  readonly kernelSeqs: Readonly<Record<string, number>>;
  /** From now on it does not keep the process alive. */
  unref?(): void;
  /** For exits that cannot wait for the event loop: leaves nothing behind in the kernel, synchronously. */
  closeNow(): void;
}

export interface EventSourceDeps {
  readonly onState: (state: SourceState) => void;
}
