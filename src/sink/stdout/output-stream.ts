import { AgentError } from '../../core/errors.ts';
import { fileError } from '../../core/system-error.ts';

/** Standard output, or what stands for it in tests. */
export type TextOutput = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number; readonly fd?: number };

/** The reader has ended (`forkcast tap | head`), or the stream was ended by somebody else: nothing can be written any more. */
const GONE: ReadonlySet<string> = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END']);
/** A terminal that was hung up gives this instead. */
const HANGUP = 'EIO';

/** A stream with errors that are told apart: a reader who left is an end, anything else a failure. */
export class OutputStream {
  readonly #output: TextOutput;
  readonly #hear = (error: Error): void => this.#note(error);
  readonly #flow = (): void => void (this.#congested = false);
  #congested = false;
  #gone = false;
  #failure: AgentError | undefined;

  constructor(output: TextOutput) {
    this.#output = output;
  }

  /** Nobody reads any more. */
  get gone(): boolean {
    return this.#gone;
  }

  /** What was written waits for the reader. */
  get congested(): boolean {
    return this.#congested;
  }

  attach(): void {
    this.#output.on('error', this.#hear);
    this.#output.on('drain', this.#flow);
    setBlocking(this.#output, false);
  }

  /** A broken stream keeps its listener: it may announce its error once more, and unheard that would end the process. */
  detach(): void {
    setBlocking(this.#output, true);
    this.#output.off('drain', this.#flow);
    if (!this.#gone && this.#failure === undefined) this.#output.off('error', this.#hear);
  }

  /** Resolves when the system has it all; rejects with OUTPUT_GONE when nobody reads any more, with FILE_IO otherwise. */
  write(chunk: Uint8Array | string): Promise<void> {
    if (this.#gone) return Promise.reject(outputGone());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const flows = this.#output.write(chunk, (error) => {
      if (error === null || error === undefined) return resolve();
      this.#note(error);
      reject(this.#failure ?? outputGone());
    });
    if (!flows) this.#congested = true;
    return promise;
  }

  #note(error: Error): void {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    if (this.#gone) return;
    if (this.#failure === undefined && (GONE.has(code) || (code === HANGUP && this.#output.isTTY === true))) this.#gone = true;
    else this.#failure ??= fileError({ action: 'write to', path: 'stdout' }, error);
  }
}

/**
 * Node writes to terminals synchronously: while one is stopped (Ctrl-S, a stalled connection), the whole process would stand still, and
 * the kernel's events with it. Its handle can do otherwise, which Node has no public name for. Other outputs are asynchronous anyway, or files.
 */
function setBlocking(output: TextOutput, blocking: boolean): void {
  if (output.isTTY !== true) return;
  const { _handle: terminal } = output as { _handle?: { setBlocking?: (on: boolean) => void } };
  terminal?.setBlocking?.(blocking);
}

export function outputGone(): AgentError {
  return new AgentError('OUTPUT_GONE', 'stdout has no reader any more', {
    context: { path: 'stdout' },
    fix: 'Keep the reader of stdout running, or leave the stdout sink out of the configuration.',
  });
}

export function misuse(what: string): AgentError {
  return new AgentError('BUG', `the stdout sink was ${what}`);
}
