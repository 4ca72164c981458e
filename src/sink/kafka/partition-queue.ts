import type { Shipment } from './shipment.ts';

/**
 * Lets one shipment at a time go to a partition, in the order in which they came; where it is not known what became of one, none but that one, however
 * often it has to come again.
 */
export class PartitionQueue {
  #busy = false;
  #undecided: Shipment | undefined;
  #waiting: (() => void)[] = [];

  /** Runs `send` when it is the shipment's turn. Rejects with the signal's reason when that is aborted while it waits. */
  async turn(shipment: Shipment, send: () => Promise<void>, signal: AbortSignal): Promise<void> {
    while (this.#busy || (this.#undecided !== undefined && this.#undecided !== shipment)) await this.#changed(signal);
    signal.throwIfAborted();
    this.#busy = true;
    try {
      await send();
    } finally {
      this.#undecided = shipment.isUndecided ? shipment : undefined;
      this.#busy = false;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const wake of waiting) wake();
    }
  }

  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const aborted = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', aborted, { once: true });
      this.#waiting.push(() => {
        signal.removeEventListener('abort', aborted);
        resolve();
      });
      if (signal.aborted) aborted();
    });
  }
}
