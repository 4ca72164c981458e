import { AgentError } from '../../core/errors.ts';
import { fileError } from '../../core/system-error.ts';
import type { FileAction } from '../../core/system-error.ts';
import type { OnSpoolEvent } from './spool-events.ts';
import type { After } from './timers.ts';

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/** Why the spool is not as it should be, and when it tries again: after 1 s, then 2, 4, …, 30 s. */
export class Trouble {
  readonly #after: After;
  readonly #onEvent: OnSpoolEvent;
  readonly #retry: () => void;
  #error: AgentError | undefined;
  /** The disk took something since the last error. */
  #worked = false;
  #delayMs = FIRST_MS;
  #cancel: (() => void) | undefined;

  constructor(parts: { readonly after: After; readonly onEvent: OnSpoolEvent; readonly retry: () => void }) {
    this.#after = parts.after;
    this.#onEvent = parts.onEvent;
    this.#retry = parts.retry;
  }

  /** undefined while all is well. */
  get error(): AgentError | undefined {
    return this.#error;
  }

  met(error: AgentError): void {
    if (this.#error === undefined) this.#onEvent({ what: 'degraded', error });
    this.#error = error;
    this.#worked = false;
    if (this.#cancel !== undefined) return;
    this.#cancel = this.#after(this.#delayMs, () => {
      this.#cancel = undefined;
      this.#retry();
    });
    this.#delayMs = Math.min(2 * this.#delayMs, LONGEST_MS);
  }

  /** A write came through; whether it stays is known when it is synced. */
  worked(): void {
    this.#worked = true;
  }

  /** All that the disk took is synced. That nothing waits any more, because the sink took it from memory, says nothing of the disk. */
  over(): void {
    if (!this.#worked) return;
    this.stop();
    this.#delayMs = FIRST_MS;
    if (this.#error === undefined) return;
    this.#error = undefined;
    this.#onEvent({ what: 'restored' });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

export function asFileError(error: unknown, action: FileAction): AgentError {
  return error instanceof AgentError ? error : fileError(action, error);
}
