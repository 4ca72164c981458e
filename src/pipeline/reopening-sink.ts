import type { Batch } from '../core/batch.ts';
import type { Sink } from '../core/component.ts';
import type { Encoded } from '../core/encoded.ts';
import { AgentError, asAgentError } from '../core/errors.ts';
import { Line } from '../core/line.ts';
import { verdictOf } from './delivery/verdict.ts';

/**
 * Stands for a sink that does not open, or may not: each write tries to open a new one, and fails like a write as long as that fails, so that the
 * policy around every sink says when to try again, and tells of it. What was written first reaches it first.
 */
export class ReopeningSink implements Sink {
  readonly id: string;
  readonly maxInFlight: number;
  readonly #create: () => Sink;
  readonly #line = new Line<Batch<Encoded>>();
  #opening: Promise<Sink> | undefined;
  #opened: Sink | undefined;
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
    if (this.#opened !== undefined && this.#line.first === undefined) return this.#opened.write(batch, signal);
    // It keeps its place until there is a sink, or nobody will come with it again.
    if (this.#line.enter(batch)) signal.addEventListener('abort', () => this.#line.leave(batch), { once: true });
    await this.#line.reach(batch, 0, signal);
    if (this.#closed) throw new AgentError('BUG', `the sink ${this.id} was written to after it was closed`);
    this.#opening ??= this.#open(signal);
    const sink = await this.#opening;
    const written = sink.write(batch, signal);
    this.#line.leave(batch);
    return written;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const [opened] = await Promise.allSettled([this.#opening]);
    if (opened.status === 'fulfilled') await opened.value?.close();
  }

  async #open(signal: AbortSignal): Promise<Sink> {
    const sink = this.#create();
    try {
      await sink.open(signal);
      this.#opened = sink;
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
