import type { Clock } from '../core/clock.ts';
import type { Heard } from '../core/kernel-event.ts';

/** Time as the events tell it: it stands at the latest that was heard, and goes on with the next. */
export class EventClock implements Clock {
  #timeUs: number;
  #monotonicNs: number;

  constructor(start: { readonly timeUs: number; readonly monotonicNs: number }) {
    this.#timeUs = start.timeUs;
    this.#monotonicNs = start.monotonicNs;
  }

  nowUs(): number {
    return this.#timeUs;
  }

  monotonicNs(): number {
    return this.#monotonicNs;
  }

  heed(heard: Heard): void {
    if (heard.monotonicNs <= this.#monotonicNs) return;
    this.#monotonicNs = heard.monotonicNs;
    this.#timeUs = heard.kind === 'LOSS' ? heard.toTimeUs : heard.timeUs;
  }
}
