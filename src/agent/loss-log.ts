import type { LossEvent } from '../core/kernel-event.ts';
import type { Logger } from '../telemetry/log.ts';

/** A burst of losses is one message. */
const GATHER_MS = 1000;
/** Losses that go on are told this often. */
const APART_MS = 10_000;

const REASONS: Readonly<Record<LossEvent['reason'], string>> = {
  receive_buffer: 'the receive buffer was full',
  tail: 'the receive buffer was full',
  blind: 'the agent was not subscribed',
  outage: 'the agent was not subscribed',
};
const FIX = 'Raise source.receive_buffer, or give the agent more of the CPU.';

/** Says in the log that the kernel's events are lost, and how many: the stream says where, but not everybody reads it. */
export class LossLog {
  readonly #log: Logger;
  #events = 0;
  #reason: LossEvent['reason'] = 'receive_buffer';
  #timer: NodeJS.Timeout | undefined;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** A loss whose number is not known was told when it began. */
  note({ count, reason }: LossEvent): void {
    if (count === 0) return;
    this.#events += count;
    this.#reason = reason;
    if (this.#timer !== undefined) return;
    const delayMs = Math.max(GATHER_MS, this.#toldMs + APART_MS - performance.now());
    this.#timer = setTimeout(() => this.tell(), delayMs).unref();
  }

  /** Tells what is not told yet; also at the end. */
  tell(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#events === 0) return;
    const events = this.#events;
    this.#events = 0;
    this.#toldMs = performance.now();
    const isOurs = this.#reason === 'receive_buffer' || this.#reason === 'tail';
    this.#log.error({ events, ...(isOurs ? { fix: FIX } : {}) }, `events lost: ${REASONS[this.#reason]}`);
  }
}
