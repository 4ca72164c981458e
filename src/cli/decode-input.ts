import { createReadStream } from 'node:fs';
import { AgentError } from '../core/errors.ts';
import type { CliIo } from './io.ts';

const READ_BYTES = 256 * 1024;

interface InputOptions {
  readonly io: CliIo;
  /** Called before more input is waited for: what is known so far can be shown, also where the input is a live stream. */
  readonly beforeWaiting: () => Promise<void>;
}

/** The bytes of a file, or of standard input for `-`. */
export async function* openInput(file: string, { io, beforeWaiting }: InputOptions): AsyncGenerator<Uint8Array> {
  const chunks = (file === '-' ? io.stdin : createReadStream(file, { highWaterMark: READ_BYTES })) as AsyncIterable<Uint8Array>;
  for await (const chunk of chunks) {
    yield chunk;
    await beforeWaiting();
  }
}

export interface Peeked {
  /** The first bytes, at least so many unless there are no more. */
  readonly start: Buffer;
  /** All of it. */
  readonly all: AsyncIterable<Uint8Array>;
}

/** Looks at how an input begins; whoever does not go through `all` to its end leaves the loop early, which closes the input. */
export async function peek(input: AsyncGenerator<Uint8Array>, length: number): Promise<Peeked> {
  const first: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < length) {
    const next = await input.next();
    if (next.done === true) break;
    first.push(next.value);
    bytes += next.value.length;
  }
  return { start: Buffer.concat(first), all: again(first, input) };
}

async function* again(first: readonly Uint8Array[], rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* first;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

const REASONS: Readonly<Record<string, readonly [reason: string, fix: string]>> = {
  ENOENT: ['there is no such file', 'Check the path.'],
  EISDIR: ['it is a folder', 'Name the files in it.'],
  EACCES: ['permission denied', 'Event files can be read by the user of the agent and by root.'],
};

/** An error of reading `file` as one that names it. */
export function unreadable(file: string, cause: unknown): AgentError {
  const name = file === '-' ? 'standard input' : file;
  if (cause instanceof AgentError) {
    return new AgentError(cause.code, `cannot decode ${name}: ${cause.message}`, {
      cause,
      context: { path: file },
      ...(cause.fix === undefined ? {} : { fix: cause.fix }),
    });
  }
  const { code, message } = cause as NodeJS.ErrnoException;
  // Only the system's errors have a code; anything else is a mistake of ours.
  if (code === undefined) return new AgentError('BUG', `cannot decode ${name}: ${message}`, { cause });
  const [reason, fix] = REASONS[code] ?? [message, 'Check the disk.'];
  return new AgentError(code === 'ENOENT' ? 'FILE_NOT_FOUND' : 'FILE_IO', `cannot read ${name}: ${reason}`, {
    cause,
    context: { path: file },
    fix,
  });
}
