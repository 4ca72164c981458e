import { setImmediate as immediate } from 'node:timers/promises';
import type { Batch } from '../../core/batch.ts';
import { AgentError } from '../../core/errors.ts';
import type { EventSource, SourceCounts, SourceDescription } from '../../core/event-source.ts';
import type { Heard } from '../../core/kernel-event.ts';
import { Rest } from '../rest.ts';
import type { SyntheticConfig } from './config.ts';
import { SyntheticHost } from './host.ts';
import { LeakyStream } from './leak.ts';

const MAX_BATCH = 512;
/** Events come together for this long at most, as those of a kernel do. */
const GATHER_MS = 10;
/** Of the host's own time, where events come as fast as they are taken: 50,000 a second. */
const STEP_NS = 20_000;

export interface SyntheticParts extends SyntheticConfig {
  readonly maxArgsBytes: number;
}

/** Events of a host that does not exist: for tests and measurements, and to see what the agent does without a kernel to listen to. */
export class SyntheticSource implements EventSource {
  readonly id = 'synthetic';
  readonly kernelSeqs: Record<string, number> = {};
  readonly #config: SyntheticParts;
  readonly #host: SyntheticHost;
  readonly #stream: LeakyStream;
  readonly #rest = new Rest();
  #phase: 'new' | 'open' | 'listed' | 'closed' = 'new';
  #openedMs = 0;
  #heard = 0;
  #lost = 0;

  constructor(config: SyntheticParts) {
    const { seed, eventsPerSecond, maxArgsBytes } = config;
    this.#config = config;
    this.#host = new SyntheticHost({ seed, maxArgsBytes, stepNs: eventsPerSecond === 0 ? STEP_NS : 1e9 / eventsPerSecond });
    this.#stream = new LeakyStream(this.#host, config);
  }

  open(boot: AbortSignal): Promise<void> {
    if (boot.aborted) return Promise.reject(boot.reason as Error);
    if (this.#phase === 'new') this.#phase = 'open';
    this.#openedMs = performance.now();
    return Promise.resolve();
  }

  describe(): SourceDescription {
    if (this.#phase === 'new') throw new AgentError('BUG', 'a source describes itself once it is open');
    const { seed, lostPerMillion } = this.#config;
    return {
      sources: ['synthetic'],
      degraded: [{ feature: 'events', reason: `they are made up, from the seed ${seed}` }],
      lossWindows: lostPerMillion === 0 ? [] : [`about ${lostPerMillion} of a million events are left out, counted exactly`],
    };
  }

  get counts(): SourceCounts {
    return { heard: this.#heard, lost: this.#lost, acks: 0, unknown: 0, foreign: 0, malformed: 0, overruns: 0 };
  }

  /** It was never suspended. */
  bootOffsetNs(): number {
    return 0;
  }

  async read(signal: AbortSignal): Promise<Batch<Heard> | undefined> {
    if (this.#phase === 'new') throw new AgentError('BUG', 'a source is read once it is open');
    signal.throwIfAborted();
    // Timers and files have their turn, too.
    await immediate();
    if (this.#phase === 'open') return this.#list();
    const wanted = await this.#due(signal);
    return wanted === 0 ? undefined : batchOf(this.#make(wanted));
  }

  close(): Promise<void> {
    this.closeNow();
    return Promise.resolve();
  }

  hurry(): void {
    this.#rest.end();
  }

  closeNow(): void {
    if (this.#phase !== 'new') this.#phase = 'closed';
    this.#rest.end();
  }

  #list(): Batch<Heard> {
    this.#phase = 'listed';
    return batchOf(this.#host.listing());
  }

  /** Waits until events are due; how many, and 0 once there will be none. */
  async #due(signal: AbortSignal): Promise<number> {
    const { events, eventsPerSecond } = this.#config;
    for (;;) {
      const left = Math.min(MAX_BATCH, events === 0 ? Infinity : events - this.#heard);
      if (this.#phase === 'closed' || left === 0) return 0;
      if (eventsPerSecond === 0) return left;
      const sinceMs = performance.now() - this.#openedMs;
      const due = Math.floor((sinceMs / 1000) * eventsPerSecond) - this.#heard;
      if (due > 0) return Math.min(left, due);
      await this.#rest.forMs(Math.max(GATHER_MS, ((this.#heard + 1) / eventsPerSecond) * 1000 - sinceMs), signal);
    }
  }

  #make(events: number): Heard[] {
    const made: Heard[] = [];
    for (let left = events; left > 0;) {
      const heard = this.#stream.next();
      made.push(heard);
      if (heard.kind === 'LOSS') this.#lost += heard.count;
      else {
        this.kernelSeqs[heard.cpu] = heard.kernelSeq;
        this.#heard += 1;
        left -= 1;
      }
    }
    return made;
  }
}

/** What an event occupies in the ring, roughly; nothing but bounds depends on it. */
const EVENT_BYTES = 80;

function batchOf(items: readonly Heard[]): Batch<Heard> {
  return { items, bytes: items.length * EVENT_BYTES };
}
