import type { Batch } from '../core/batch.ts';
import type { Sink } from '../core/component.ts';
import type { Encoded } from '../core/encoded.ts';
import { AgentError, asAgentError } from '../core/errors.ts';
import { Line } from '../core/line.ts';
import { verdictOf } from './delivery/verdict.ts';
import { within } from './waits.ts';

/** One that does not open may not close either. */
const CLOSE_MS = 1000;

/**
 * Stands for a sink that does not open, or may not: each write tries to open a new one, and fails like a write as long as that fails, so that the
 * policy around every sink says when to try again, and tells of it. What was written first reaches it first.
 */
export class ReopeningSink implements Sink {
  readonly id: string;
  readonly maxInFlight: number;
  readonly #create: () => Sink;
  readonly #line = new Line<Batch<Encoded>>();
  /** Those in the line, and how each leaves it. */
  readonly #leaves = new Map<Batch<Encoded>, () => void>();
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
    this.#enter(batch, signal);
    await this.#line.reach(batch, 0, signal);
    if (this.#closed) throw new AgentError('BUG', `the sink ${this.id} was written to after it was closed`);
    this.#opening ??= this.#open(signal);
    const sink = await this.#opening;
    const written = sink.write(batch, signal);
    this.#leaves.get(batch)?.();
    return written;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const [opened] = await Promise.allSettled([this.#opening]);
    if (opened.status === 'fulfilled') await opened.value?.close();
  }

  #enter(batch: Batch<Encoded>, signal: AbortSignal): void {
    if (!this.#line.enter(batch)) return;
    const leave = (): void => {
      // The signal outlives the batch, and would keep it.
      signal.removeEventListener('abort', leave);
      this.#leaves.delete(batch);
      this.#line.leave(batch);
    };
    this.#leaves.set(batch, leave);
    signal.addEventListener('abort', leave);
  }

  async #open(signal: AbortSignal): Promise<Sink> {
    const sink = this.#create();
    try {
      await sink.open(signal);
      this.#opened = sink;
      return sink;
    } catch (thrown) {
      await closed(sink);
      this.#opening = undefined;
      throw trying(thrown);
    }
  }
}

/** Or not, for longer than is worth the wait. Why the sink did not open says more than why it does not close. */
async function closed(sink: Sink): Promise<void> {
  const closing = Promise.resolve().then(() => sink.close());
  await Promise.allSettled([within(CLOSE_MS, closing, () => undefined)]);
}

/** That it does not open says nothing about the records: none is given up for it. */
function trying(thrown: unknown): AgentError {
  const error = asAgentError(thrown);
  const verdict = verdictOf(error);
  if (verdict === 'retry' || verdict === 'hold') return error;
  return new AgentError('SINK_UNREACHABLE', error.message, { cause: thrown, ...(error.fix === undefined ? {} : { fix: error.fix }) });
}
