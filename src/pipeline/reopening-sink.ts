import type { Batch } from '../core/batch.ts';
import type { Sink } from '../core/component.ts';
import type { Encoded } from '../core/encoded.ts';
import { AgentError, asAgentError } from '../core/errors.ts';
import { verdictOf } from './delivery/verdict.ts';

/** A batch that was first written before the sink was open. */
interface Place {
  readonly batch: Batch<Encoded>;
  /** Resolves when it is the first; rejects with the signal's reason when that is aborted before. */
  readonly turn: Promise<void>;
  readonly go: () => void;
  readonly leave: () => void;
}

/**
 * Stands for a sink that does not open, or may not: the first write tries to open a new one, and fails like a write as long as that fails, so that the
 * policy around every sink says when to try again, and tells of it. Those behind it wait for it: each by itself would come again at another time, and what
 * came last might be written first.
 */
export class ReopeningSink implements Sink {
  readonly id: string;
  readonly maxInFlight: number;
  readonly #create: () => Sink;
  /** In the order in which they were first written. */
  readonly #line: Place[] = [];
  #opening: Promise<Sink> | undefined;
  #closed = false;

  constructor({ id, maxInFlight }: Pick<Sink, 'id' | 'maxInFlight'>, create: () => Sink) {
    this.id = id;
    this.maxInFlight = maxInFlight;
    this.#create = create;
  }

  async open(boot: AbortSignal): Promise<void> {
    boot.throwIfAborted();
  }

  async write(batch: Batch<Encoded>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#closed) throw new AgentError('BUG', `the sink ${this.id} was written to after it was closed`);
    if (this.#opening !== undefined && this.#line.length === 0) return (await this.#opening).write(batch, signal);
    const place = this.#line.find((one) => one.batch === batch) ?? this.#queueUp(batch, signal);
    await place.turn;
    this.#opening ??= this.#open(signal);
    const written = (await this.#opening).write(batch, signal);
    place.leave();
    return written;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const [opened] = await Promise.allSettled([this.#opening]);
    if (opened.status === 'fulfilled') await opened.value?.close();
  }

  /** Its place is kept between its attempts, until it is written or the signal says that it will not come again. */
  #queueUp(batch: Batch<Encoded>, signal: AbortSignal): Place {
    const { promise: turn, resolve: go, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      signal.removeEventListener('abort', aborted);
      const at = this.#line.indexOf(place);
      if (at !== -1) this.#line.splice(at, 1);
      this.#line[0]?.go();
    };
    const aborted = (): void => {
      reject(signal.reason as Error);
      leave();
    };
    const place = { batch, turn, go, leave };
    signal.addEventListener('abort', aborted, { once: true });
    this.#line.push(place);
    this.#line[0]?.go();
    return place;
  }

  async #open(signal: AbortSignal): Promise<Sink> {
    const sink = this.#create();
    try {
      await sink.open(signal);
      return sink;
    } catch (thrown) {
      this.#opening = undefined;
      await sink.close();
      throw trying(thrown);
    }
  }
}

/** That it does not open says nothing about the records: none is given up for it. */
function trying(thrown: unknown): AgentError {
  const error = asAgentError(thrown);
  const verdict = verdictOf(error);
  if (verdict === 'retry' || verdict === 'hold') return error;
  return new AgentError('SINK_UNREACHABLE', error.message, { cause: thrown, ...(error.fix === undefined ? {} : { fix: error.fix }) });
}
