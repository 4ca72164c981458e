import type { KernelEvent, LossEvent } from '../../core/kernel-event.ts';
import type { SyntheticHost } from './host.ts';
import { Random } from './random.ts';

/** Events lost together; a full receive buffer drops at least as many as come while it is read. */
const MOST_AT_ONCE = 64;

interface Gap {
  readonly first: KernelEvent;
  last: KernelEvent;
}

/** The events of a host as a full receive buffer lets them through: some are missing, and before the next one it is said which, CPU by CPU. */
export class LeakyStream {
  readonly #host: SyntheticHost;
  readonly #random: Random;
  readonly #chance: number;
  readonly #losses: LossEvent[] = [];

  constructor(host: SyntheticHost, { seed, lostPerMillion }: { readonly seed: number; readonly lostPerMillion: number }) {
    this.#host = host;
    // Of its own: the host lives the same life whatever is heard of it.
    this.#random = new Random(seed ^ 0x5bd1e995);
    const share = lostPerMillion / 1e6;
    this.#chance = share / (1 - share) / ((1 + MOST_AT_ONCE) / 2);
  }

  next(): KernelEvent | LossEvent {
    const loss = this.#losses.shift();
    if (loss !== undefined) return loss;
    if (this.#chance === 0 || !this.#random.chance(this.#chance)) return this.#host.next();
    this.#lose(1 + this.#random.below(MOST_AT_ONCE));
    return this.next();
  }

  #lose(count: number): void {
    const gaps: (Gap | undefined)[] = [];
    for (let i = 0; i < count; i += 1) {
      const event = this.#host.next();
      const gap = gaps[event.cpu];
      if (gap === undefined) gaps[event.cpu] = { first: event, last: event };
      else gap.last = event;
    }
    for (const gap of gaps) if (gap !== undefined) this.#losses.push(lossOf(gap));
  }
}

function lossOf({ first, last }: Gap): LossEvent {
  return {
    kind: 'LOSS',
    reason: 'receive_buffer',
    monotonicNs: last.monotonicNs,
    cpu: first.cpu,
    fromSeq: first.kernelSeq,
    toSeq: last.kernelSeq,
    count: last.kernelSeq - first.kernelSeq + 1,
    exact: true,
    fromTimeUs: first.timeUs,
    toTimeUs: last.timeUs,
  };
}
