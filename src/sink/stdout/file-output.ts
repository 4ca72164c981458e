import { fstatSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { AgentError } from '../../core/errors.ts';
import { fileError } from '../../core/system-error.ts';
import type { TextOutput } from './output-stream.ts';

/** write(2) from `at` to the end of `bytes`, at the file's own position; resolves how many it took. */
export type WriteSome = (fd: number, bytes: Uint8Array, at: number) => Promise<number>;

const writeAsync = promisify(write);
const writeSome: WriteSome = async (fd, bytes, at) => (await writeAsync(fd, bytes, at, bytes.length - at, null)).bytesWritten;

interface Piece {
  /** What the piece was made of: a retry is recognised by it. */
  readonly key: object;
  readonly bytes: Uint8Array;
  at: number;
}

/**
 * Standard output that is a regular file. A full disk takes a part of a write, of which Node's stream says nothing; here a piece that
 * was begun is ended before anything else is written, by its retry or by whoever writes next, and nothing is written twice.
 */
export class FileOutput {
  /** A file always has room for a reader to come. */
  readonly gone = false;
  readonly #fd: number;
  readonly #writeSome: WriteSome;
  #begun: Piece | undefined;
  /** Pieces that somebody else ended; their retries have nothing to do. */
  readonly #ended = new WeakSet<object>();
  #turn: Promise<void> = Promise.resolve();

  constructor(fd: number, writer: WriteSome = writeSome) {
    this.#fd = fd;
    this.#writeSome = writer;
  }

  attach(): void {
    // There is nothing to hear of: every write tells what became of it.
  }

  detach(): void {
    // As in `attach`.
  }

  /** Resolves when the file has it all. Rejects with FILE_IO; `written` of the context says how many bytes of this piece are in the file. */
  write(bytes: Uint8Array, key: object): Promise<void> {
    const turn = this.#turn.then(() => this.#write(bytes, key));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #write(bytes: Uint8Array, key: object): Promise<void> {
    const begun = this.#begun;
    if (begun !== undefined && begun.key !== key) {
      await this.#end(begun, 0);
      this.#ended.add(begun.key);
    }
    if (this.#ended.delete(key)) return;
    await this.#end(this.#begun ?? { key, bytes, at: 0 });
  }

  /** `written`: what an error says of the piece of whoever writes; of that piece itself, what is in the file. */
  async #end(piece: Piece, written?: number): Promise<void> {
    try {
      while (piece.at < piece.bytes.length) {
        piece.at += await this.#writeSome(this.#fd, piece.bytes, piece.at);
        this.#begun = piece;
      }
    } catch (cause) {
      throw failure(cause, written ?? piece.at);
    }
    this.#begun = undefined;
  }
}

function failure(cause: unknown, written: number): AgentError {
  const { message, context, fix } = fileError({ action: 'write to', path: 'stdout' }, cause);
  return new AgentError('FILE_IO', message, { cause, context: { ...context, written }, ...(fix === undefined ? {} : { fix }) });
}

/** The descriptor of an output that is a regular file; undefined for pipes, terminals and everything else. */
export function regularFile({ fd }: TextOutput): number | undefined {
  return typeof fd === 'number' && fstatSync(fd).isFile() ? fd : undefined;
}
