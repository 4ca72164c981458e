import type { LossRecord } from './frame.ts';
import type { Gap } from './sequence.ts';

/*
 * What was lost, exactly, from two incomplete witnesses: the gaps of the per-CPU sequences (G) miss the tail of a CPU that went quiet and what was lost before
 * a CPU's first event; the socket's drop counter (D) misses what never reached the socket (no memory for the message, a time without subscription).
 * D is read after G and counts what G shows at the latest, so G − D never exceeds what the socket did not drop; let E be its maximum so far. Then at any time
 *
 *   lost ≥ max(G, D + E)
 *
 * and once the sequences have shown everything, equal. Each rise of this is declared once, as a LOSS: of a gap with its CPU and range, of the rest
 * without. A gap that shows later what was declared without a CPU declares only what is new, which may be nothing.
 */
export class LossLedger {
  /** Gaps mean nothing while the kernel filters: it numbers what it leaves out, too. */
  readonly #trustsGaps: boolean;
  #gaps = 0;
  #drops = 0;
  #elsewhere = 0;
  #declared = 0;

  constructor({ filtered }: { readonly filtered: boolean }) {
    this.#trustsGaps = !filtered;
  }

  get declared(): number {
    return this.#declared;
  }

  /** A step in the sequence of a CPU; undefined where that is no loss. */
  gap(gap: Gap, reason: 'receive_buffer' | 'outage' = 'receive_buffer'): LossRecord | undefined {
    if (!this.#trustsGaps) return undefined;
    this.#gaps += gap.count;
    const { cpu, fromSeq, toSeq, fromNs, toNs } = gap;
    return { reason, cpu, fromSeq, toSeq, count: this.#declare(), fromNs, toNs };
  }

  /** `drops` of all sockets so far, read just now; what no gap has shown is declared as lost between the two moments. */
  reconcile(drops: number, { fromNs, toNs }: { readonly fromNs: number; readonly toNs: number }): LossRecord | undefined {
    this.#drops = drops;
    if (this.#trustsGaps) this.#elsewhere = Math.max(this.#elsewhere, this.#gaps - drops);
    const count = this.#declare();
    return count === 0 ? undefined : { reason: 'tail', cpu: -1, fromSeq: -1, toSeq: -1, count, fromNs, toNs };
  }

  #declare(): number {
    const lost = Math.max(this.#declared, this.#gaps, this.#drops + this.#elsewhere);
    const count = lost - this.#declared;
    this.#declared = lost;
    return count;
  }
}
