import type { Batch } from '../../core/batch.ts';
import type { Sink } from '../../core/component.ts';
import type { Encoded } from '../../core/encoded.ts';
import { AgentError } from '../../core/errors.ts';
import { FileOutput, regularFile } from './file-output.ts';
import type { WriteSome } from './file-output.ts';
import { OutputStream, misuse } from './output-stream.ts';
import type { TextOutput } from './output-stream.ts';

/**
 * Writes lines (those without a line end get one) to a stream or a file. A write resolves when the system has taken its lines, so a slow reader
 * holds back the queue and not the memory. Once the reader has left, writes reject with OUTPUT_GONE and `gone` says so. A write rejected with
 * FILE_IO may be tried again with the same batch object: on a file nothing is repeated, and `landed` of the error's context says how many
 * records are in it; a stream that failed stays so.
 */
export class LineSink implements Sink {
  readonly id: string;
  /** Enough that the next lines are at hand when the stream wants them. */
  readonly maxInFlight = 4;
  readonly #stream: OutputStream | FileOutput;
  readonly #running = new Set<Promise<void>>();
  #state: 'new' | 'open' | 'closed' = 'new';

  /** `writeSome` stands in for the system where the output is a regular file. */
  constructor(id: string, output: TextOutput, writeSome?: WriteSome) {
    this.id = id;
    const file = regularFile(output);
    this.#stream = file === undefined ? new OutputStream(output) : new FileOutput(file, writeSome);
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
    const writing = unlessAborted(this.#send(batch), signal);
    this.#running.add(writing);
    try {
      await writing;
    } finally {
      this.#running.delete(writing);
    }
  }

  async #send(batch: Batch<Encoded>): Promise<void> {
    try {
      await this.#stream.write(joined(batch), batch);
    } catch (error) {
      throw error instanceof AgentError ? withLanded(error, batch) : error;
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
  for (const item of batch.items) length += lineLength(item);
  const lines = Buffer.allocUnsafe(length);
  let at = 0;
  for (const item of batch.items) {
    lines.set(item.bytes, at);
    at += lineLength(item);
    lines[at - 1] = LINE_END;
  }
  return lines;
}

const LINE_END = 0x0a;

/** Records that are JSON have no line end of their own. */
const lineLength = ({ bytes }: Encoded): number => (bytes.at(-1) === LINE_END ? bytes.length : bytes.length + 1);

/** An error that says how many bytes were written, with how many whole records that is. */
function withLanded(error: AgentError, batch: Batch<Encoded>): AgentError {
  const { written } = error.context;
  if (typeof written !== 'number') return error;
  let landed = 0;
  for (let end = 0; landed < batch.items.length; landed += 1) {
    end += lineLength(batch.items[landed] as Encoded);
    if (end > written) break;
  }
  const { code, message, cause, fix } = error;
  return new AgentError(code, message, { cause, context: { ...error.context, landed }, ...(fix === undefined ? {} : { fix }) });
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
