import type { Uuid } from '../../core/event.ts';
import type { Argv } from '../procfs/cmdline.ts';

/**
 * What a process runs, shared by all that forked from it and never exec'd. Immutable but for `users`. Events carry `args` by reference:
 * whoever wants to change arguments (redaction) makes a new array.
 */
export interface Image {
  /** null for an image that was found in a process whose fork, but no exec, was heard: it is its parent's. */
  readonly execId: Uuid | null;
  readonly exe: string | null;
  readonly argv: Argv | null;
  readonly cwd: string | null;
  /** Where its environment begins in memory, as good as unique to one exec; 0 where unknown. */
  readonly envStart: number;
  /** Estimated heap size, bytes. */
  readonly bytes: number;
  /** Table entries that run it; the last to leave gives its bytes back. */
  users: number;
}

const IMAGE_BYTES = 320;
const ARG_BYTES = 40;

export interface ImageParts {
  readonly execId: Uuid | null;
  readonly exe: string | null;
  readonly argv: Argv | null;
  readonly cwd: string | null;
  readonly envStart: number;
}

export function newImage({ execId, exe, argv, cwd, envStart }: ImageParts): Image {
  const argvBytes = argv === null ? 0 : argv.keptBytes + argv.args.length * ARG_BYTES + (argv.argsRaw === null ? 0 : 2 * argv.keptBytes);
  const bytes = IMAGE_BYTES + argvBytes + (cwd === null ? 0 : cwd.length);
  return { execId, exe, argv, cwd, envStart, bytes, users: 0 };
}
