/*
 * Exact loss from the connector's per-CPU sequence: the kernel numbers every event of a CPU with a 32-bit count, also those that a full
 * receive buffer then drops, so a step of n+1 means n were lost. The first event of a CPU only sets its base.
 * Gaps alone miss a loss at the very end of a CPU's stream; `ProcConnectorReader` reconciles with the socket's drop counter for that.
 */
/** Numbers of the kernel's 32-bit count. */
export const EPOCH = 4294967296;

/** Events of one CPU that were never received; sequences are 64-bit, inclusive. */
export interface Gap {
  readonly cpu: number;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly count: number;
  /** CLOCK_MONOTONIC of the events on either side, nanoseconds. */
  readonly fromNs: number;
  readonly toNs: number;
}

export class SequenceTracker {
  /** Events whose number was not ahead of their CPU's last: the kernel promises there are none. */
  disordered = 0;
  /** 64-bit sequence of the event seen last. */
  seq = 0;
  /** Per CPU; −1 until its first event. */
  readonly #last: number[] = [];
  readonly #lastNs: number[] = [];
  /** Where an earlier run ended. */
  readonly #former: Readonly<Record<string, number>>;

  /** @param former 64-bit sequences at which an earlier run on this boot ended, by CPU: the count goes on from there. */
  constructor(former: Readonly<Record<string, number>> = {}) {
    this.#former = former;
  }

  /** Takes note of the next event of `cpu`; returns what was lost before it, if anything. `seq` holds its extended number afterwards. */
  see(cpu: number, seq32: number, stampNs: number): Gap | undefined {
    while (this.#last.length <= cpu) {
      this.#last.push(-1);
      this.#lastNs.push(0);
    }
    const last = this.#last[cpu] as number;
    const step = last < 0 ? 1 : (seq32 - last) >>> 0;
    if (step === 1) {
      this.#note(cpu, last < 0 ? this.#base(cpu, seq32) : last + 1, stampNs);
      return undefined;
    }
    if (step === 0 || step > 0x7fffffff) {
      this.disordered += 1;
      this.seq = Math.floor(last / EPOCH) * EPOCH + seq32;
      return undefined;
    }
    const gap = { cpu, fromSeq: last + 1, toSeq: last + step - 1, count: step - 1, fromNs: this.#lastNs[cpu] as number, toNs: stampNs };
    this.#note(cpu, last + step, stampNs);
    return gap;
  }

  /** The kernel's count only goes on, whether anybody of ours listens or not. */
  #base(cpu: number, seq32: number): number {
    const former = this.#former[cpu];
    return former === undefined ? seq32 : former + ((seq32 - former) >>> 0);
  }

  #note(cpu: number, seq: number, stampNs: number): void {
    this.#last[cpu] = seq;
    this.#lastNs[cpu] = stampNs;
    this.seq = seq;
  }
}
