import type { Batch } from '../../core/batch.ts';
import type { Sink } from '../../core/component.ts';
import type { Encoded } from '../../core/encoded.ts';
import { AgentError } from '../../core/errors.ts';

/**
 * Takes every batch at once and forgets it: what the agent costs without an end to deliver to. It keeps no reference to what it took and
 * counts nothing; the pipeline's books do.
 */
export class BlackholeSink implements Sink {
  readonly id: string;
  /** A write never waits, so that a second one has nothing to overlap with. */
  readonly maxInFlight = 1;
  #state: 'new' | 'open' | 'closed' = 'new';

  constructor(id: string) {
    this.id = id;
  }

  async open(boot: AbortSignal): Promise<void> {
    boot.throwIfAborted();
    if (this.#state !== 'new') throw misuse('opened twice, or after it was closed');
    this.#state = 'open';
  }

  async write(_batch: Batch<Encoded>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#state !== 'open') throw misuse('written to while it was not open');
  }

  async close(): Promise<void> {
    this.#state = 'closed';
  }
}

function misuse(what: string): AgentError {
  return new AgentError('BUG', `the blackhole sink was ${what}`);
}
