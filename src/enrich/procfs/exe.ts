import type { Piece } from '../../core/kernel-event.ts';
import { bytesOf } from './piece.ts';

export interface ExeLink {
  /** Path without the kernel's mark of deletion; a memfd reads `/memfd:<name>`. */
  readonly path: string;
  readonly deleted: boolean;
  readonly memfd: boolean;
}

/** Appended by d_path() when the file has no name any more. A file really called so cannot be told apart. */
const DELETED = ' (deleted)';
const MEMFD = '/memfd:';

/** Target of `/proc/<pid>/exe`; undefined when it could not be read. */
export function parseExe(piece: Piece): ExeLink | undefined {
  const bytes = bytesOf(piece);
  if (bytes === undefined || bytes.length === 0) return undefined;
  const target = bytes.toString('utf8');
  const deleted = target.endsWith(DELETED);
  return { path: deleted ? target.slice(0, -DELETED.length) : target, deleted, memfd: target.startsWith(MEMFD) };
}
