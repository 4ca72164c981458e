import type { Window } from './window.ts';

export interface OverdueParts {
  readonly window: Pick<Window, 'isEmpty' | 'oldest' | 'left' | 'highestAnswered'>;
  readonly timeoutMs: number;
  /** No answer has come for so long, to nothing. */
  readonly onStalled: () => void;
  /** Answers have come for so long to what was sent after those up to this number, and none to them. */
  readonly onLost: (token: number) => void;
}

interface Reading {
  readonly oldest: number;
  readonly left: number;
  readonly highestAnswered: number;
}

/** So often within the time-out it is looked at. */
const LOOKS = 4;

/**
 * Notices answers that do not come. How old a message is does not say it: of a stream that is slow, a full window is a long way. That it was passed by does: a stream
 * answers in the order in which it stores.
 */
export class Overdue {
  readonly #parts: OverdueParts;
  readonly #timer: NodeJS.Timeout;
  #past: Reading[] = [];

  constructor(parts: OverdueParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.look(), parts.timeoutMs / LOOKS);
    this.#timer.unref();
  }

  /** Public for tests: what the timer does. */
  look(): void {
    const { window, onStalled, onLost } = this.#parts;
    if (window.isEmpty) {
      this.#past = [];
      return;
    }
    const now = { oldest: window.oldest, left: window.left, highestAnswered: window.highestAnswered };
    const then = this.#past.length === LOOKS ? this.#past.shift() : undefined;
    this.#past.push(now);
    if (then === undefined || now.oldest !== then.oldest) return;
    if (now.left === then.left) onStalled();
    else if (then.highestAnswered > now.oldest) onLost(then.highestAnswered);
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
