import type { Batch } from '../../core/batch.ts';
import type { Sink } from '../../core/component.ts';
import type { Encoded } from '../../core/encoded.ts';
import { AgentError } from '../../core/errors.ts';
import { Chances, fixedChance } from './chances.ts';
import type { ChaosSinkConfig } from './config.ts';

export interface ChaosSinkDeps {
  readonly id: string;
  /** Calls `due` once after so many milliseconds; returns how to call it off. The system's timers where it is not given. */
  readonly after?: (ms: number, due: () => void) => () => void;
  /** Told what arrives, whether or not the write it came with succeeds. */
  readonly onArrival?: (records: readonly Encoded[]) => void;
}

/**
 * Forgets what it takes, like a blackhole, and fails on the way in all the ways a broker can: for drills, and for tests of what is around it.
 * Which records are never taken follows from their sequence, so a record is as bad on the tenth try as on the first, in whatever company.
 */
export class ChaosSink implements Sink {
  readonly id: string;
  readonly maxInFlight = 4;
  readonly #config: ChaosSinkConfig;
  readonly #deps: ChaosSinkDeps;
  readonly #chances: Chances;
  readonly #slow = new Set<() => void>();
  #state: 'new' | 'open' | 'closed' = 'new';

  constructor(config: ChaosSinkConfig, deps: ChaosSinkDeps) {
    this.id = deps.id;
    this.#config = config;
    this.#deps = deps;
    this.#chances = new Chances(config.seed);
  }

  async open(boot: AbortSignal): Promise<void> {
    boot.throwIfAborted();
    if (this.#state !== 'new') throw misuse('opened twice, or after it was closed');
    this.#state = 'open';
  }

  async write(batch: Batch<Encoded>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#state !== 'open') throw misuse('written to while it was not open');
    const { transient, hold, partial, slow, delayMs } = this.#config;
    const waitMs = this.#chances.next() * delayMs;
    if (this.#chances.happens(slow)) await this.#wait(waitMs, signal);
    if (this.#chances.happens(transient)) throw unreachable({});
    if (this.#chances.happens(hold)) throw new AgentError('SINK_REFUSED', 'chaos: the sink refuses this agent for now');
    this.#refuseBad(batch.items);
    const landed = Math.floor(this.#chances.next() * batch.items.length);
    if (this.#chances.happens(partial)) {
      this.#arrived(batch.items.slice(0, landed));
      throw unreachable({ landed });
    }
    this.#arrived(batch.items);
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    for (const end of this.#slow) end();
  }

  /** A CHECKPOINT is never bad: it has no sequence, and all would share its fate. */
  #isBad({ sequence }: Encoded): boolean {
    return sequence !== 0 && fixedChance(this.#config.seed, sequence) < this.#config.permanent;
  }

  /** Sometimes it says which; then sometimes the others have arrived. */
  #refuseBad(items: readonly Encoded[]): void {
    const names = this.#chances.happens(0.5);
    const takesRest = this.#chances.happens(0.5);
    const rejected: number[] = [];
    for (const [index, item] of items.entries()) if (this.#isBad(item)) rejected.push(index);
    if (rejected.length === 0) return;
    if (!names) throw rejection({});
    if (!takesRest) throw rejection({ rejected });
    const rest = items.filter((item) => !this.#isBad(item));
    this.#arrived(rest);
    throw rejection({ rejected, landed: rest.length });
  }

  #arrived(records: readonly Encoded[]): void {
    this.#deps.onArrival?.(records);
  }

  /** Rejects when aborted; a close cuts it short. */
  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = (): void => resolve();
    const callOff = (this.#deps.after ?? systemAfter)(ms, end);
    signal.addEventListener('abort', end, { once: true });
    this.#slow.add(end);
    await promise;
    callOff();
    signal.removeEventListener('abort', end);
    this.#slow.delete(end);
    signal.throwIfAborted();
  }
}

function systemAfter(ms: number, due: () => void): () => void {
  const timer = setTimeout(due, ms);
  return () => clearTimeout(timer);
}

function unreachable(context: Readonly<Record<string, unknown>>): AgentError {
  return new AgentError('SINK_UNREACHABLE', 'chaos: the sink does not answer', { context });
}

function rejection(context: Readonly<Record<string, unknown>>): AgentError {
  return new AgentError('RECORD_REJECTED', 'chaos: the sink will never take this event', { context });
}

function misuse(what: string): AgentError {
  return new AgentError('BUG', `the chaos sink was ${what}`);
}
