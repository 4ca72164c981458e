import type { Encoded } from '../../core/encoded.ts';
import type { Line } from '../../core/line.ts';
import type { Shipment } from './shipment.ts';

/** Events of a batch that are placed together: in a line of those that are to be placed before and after them. */
export interface Load {
  readonly events: readonly Encoded[];
  readonly line: Line<Load>;
  /** Once it is known where they go. */
  shipments: readonly Shipment[] | undefined;
}

/** A batch on its way, from the first write of it until it is done with, or nobody will come with it again. */
export class Consignment {
  readonly loads: readonly Load[];
  #isOver = false;
  #unfollow: () => void = () => undefined;

  constructor(loads: readonly Load[]) {
    this.loads = loads;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get shipments(): readonly Shipment[] {
    return this.loads.flatMap(({ shipments = [] }) => shipments);
  }

  /** Calls `onAbort` when the signal is aborted, also between two writes: then there will be no other. Takes the place of the write before. */
  follow(signal: AbortSignal, onAbort: () => void): void {
    this.#unfollow();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#unfollow = () => signal.removeEventListener('abort', onAbort);
  }

  end(): void {
    this.#isOver = true;
    this.#unfollow();
  }
}
