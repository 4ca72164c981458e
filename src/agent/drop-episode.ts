import type { DropReason } from '../core/queue.ts';
import type { Logger } from '../telemetry/log.ts';

/**
 * Says in the log when a sink's queue begins to drop, and when it takes all events again with how many are gone. A queue that is too slow
 * drops and takes by turns, hundreds of times a second: so an episode ends only with a batch that found the queue at least half empty.
 */
export class DropEpisode {
  readonly #sink: string;
  readonly #log: Logger;
  /** Records dropped in this episode; 0 outside one. */
  #dropped = 0;
  #sinceSettled = 0;

  constructor(sink: string, log: Logger) {
    this.#sink = sink;
    this.#log = log;
  }

  /** A batch was dropped, of `records` events. */
  dropped(records: number, reason: DropReason): void {
    if (this.#dropped === 0) this.#log.error({ sink: this.#sink, reason }, 'events dropped: the queue is full');
    this.#dropped += records;
    this.#sinceSettled += records;
  }

  /** A batch was dealt with, after what was dropped for it. `hadRoom`: the queue was at least half empty before. */
  settled(hadRoom: boolean): void {
    const tookAll = this.#sinceSettled === 0;
    this.#sinceSettled = 0;
    if (this.#dropped === 0 || !tookAll || !hadRoom) return;
    this.#log.info({ sink: this.#sink, events: this.#dropped }, 'the queue takes events again; those dropped meanwhile are gone');
    this.#dropped = 0;
  }
}
