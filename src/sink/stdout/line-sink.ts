import type { Batch } from '../../core/batch.ts';
import type { Sink } from '../../core/component.ts';
import type { Encoded } from '../../core/encoded.ts';
import { OutputStream, misuse } from './output-stream.ts';
import type { TextOutput } from './output-stream.ts';

/**
 * Writes finished lines (each with its line end) to a stream. A write resolves when the system has taken its lines, so a slow reader holds
 * back the queue and not the memory. When the reader leaves, writes resolve at once and `gone` says so.
 */
export class LineSink implements Sink {
  readonly id: string;
  /** Enough that the next lines are at hand when the stream wants them. */
  readonly maxInFlight = 4;
  readonly #stream: OutputStream;
  readonly #running = new Set<Promise<void>>();
  #state: 'new' | 'open' | 'closed' = 'new';

  constructor(id: string, output: TextOutput) {
    this.id = id;
    this.#stream = new OutputStream(output);
  }

  get gone(): boolean {
    return this.#stream.gone;
  }

  async open(boot: AbortSignal): Promise<void> {
    boot.throwIfAborted();
    if (this.#state !== 'new') throw misuse('opened twice, or after it was closed');
    this.#state = 'open';
    this.#stream.attach();
  }

  async write(batch: Batch<Encoded>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#state !== 'open') throw misuse('written to while it was not open');
    if (batch.items.length === 0) return;
    const writing = unlessAborted(this.#stream.write(joined(batch)), signal);
    this.#running.add(writing);
    try {
      await writing;
    } finally {
      this.#running.delete(writing);
    }
  }

  async close(): Promise<void> {
    if (this.#state !== 'open') {
      this.#state = 'closed';
      return;
    }
    this.#state = 'closed';
    await Promise.allSettled(this.#running);
    this.#stream.detach();
  }
}

/** The lines as one piece: one system call a batch. */
function joined(batch: Batch<Encoded>): Uint8Array {
  let length = 0;
  for (const item of batch.items) length += item.bytes.length;
  const lines = Buffer.allocUnsafe(length);
  let at = 0;
  for (const item of batch.items) {
    lines.set(item.bytes, at);
    at += item.bytes.length;
  }
  return lines;
}

/** What is in a stream cannot be called back; aborting only ends the wait for it. */
function unlessAborted(writing: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const done = (): void => signal.removeEventListener('abort', abort);
  writing.finally(done).then(resolve, reject);
  return promise;
}
