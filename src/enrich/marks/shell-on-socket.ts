import type { Piece } from '../../core/kernel-event.ts';
import { isShell } from '../../core/shell-name.ts';
import { bytesOf } from '../procfs/piece.ts';

const SOCKET = 'socket:[';

export interface Running {
  readonly exe: string | null;
  readonly args: readonly string[] | null;
  /** Where fd 0 and fd 1 lead, NUL between. */
  readonly streams: Piece;
}

/**
 * Whether a shell reads and writes a socket: somebody types from afar, past whatever logs terminals. Unix sockets count as well, which some
 * builds of sshd give to commands without a terminal; a service whose output goes to the journal has no socket for its input and does not count.
 */
export function isShellOnSocket({ exe, args, streams }: Running): boolean {
  const text = bytesOf(streams)?.toString('latin1');
  if (text === undefined || exe === null || !text.startsWith(SOCKET) || !isShell(exe, args)) return false;
  const end = text.indexOf('\0');
  return end > 0 && text.startsWith(SOCKET, end + 1);
}
