import { AgentError } from '../core/errors.ts';
import type { CliOutput } from './io.ts';

/** Few, large writes: one for each line would cost more than to make the line. */
const CHUNK_BYTES = 64 * 1024;

/** Writes results at the reader's pace. When the reader goes away (`| head`), that is the end of it and no error. */
export class ResultWriter {
  readonly #output: CliOutput;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #abandoned = false;
  #failure: AgentError | undefined;

  constructor(output: CliOutput) {
    this.#output = output;
    output.on('error', this.#fail);
  }

  /** Nobody reads any more. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  /** What `flush` threw. */
  get failure(): AgentError | undefined {
    return this.#failure;
  }

  async add(line: Uint8Array): Promise<void> {
    this.#pending.push(line);
    this.#pendingBytes += line.length;
    if (this.#pendingBytes >= CHUNK_BYTES) await this.flush();
  }

  /** Resolves when the output has taken everything. Throws FILE_IO when it cannot for another reason than that nobody reads. */
  async flush(): Promise<void> {
    if (this.#pendingBytes > 0 && !this.#abandoned) {
      const chunk = Buffer.concat(this.#pending);
      this.#pending = [];
      this.#pendingBytes = 0;
      const error = await new Promise<Error | null | undefined>((resolve) => {
        this.#output.write(chunk, resolve);
      });
      if (error) this.#fail(error);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** To be called after the last flush. */
  release(): void {
    // The stream emits the failure of a write once more, later; without a listener that would end the process.
    if (!this.#abandoned && this.#failure === undefined) this.#output.off('error', this.#fail);
  }

  /** Told twice, by the write and by the stream; the first counts. */
  readonly #fail = (error: Error): void => {
    if (this.#abandoned || this.#failure !== undefined) return;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') this.#abandoned = true;
    else
      this.#failure = new AgentError('FILE_IO', `cannot write to standard output: ${error.message}`, {
        cause: error,
        fix: 'Make room, or write elsewhere.',
      });
  };
}
