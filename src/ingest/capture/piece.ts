import { closeSync, openSync, readSync, readlinkSync } from 'node:fs';

/** Size of what was written to `bytes` at `position`, or −errno. */
export type PieceSize = number;

/** One read of a file in /proc: procfs gives all there is up to the size asked for. */
export function filePiece(bytes: Buffer, position: number, { path, limit }: { path: string; limit: number }): PieceSize {
  try {
    const fd = openSync(path, 'r');
    try {
      return readSync(fd, bytes, position, limit, 0);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return -errnoOf(error);
  }
}

/** The target of a link in /proc. */
export function linkPiece(bytes: Buffer, position: number, { path, limit }: { path: string; limit: number }): PieceSize {
  try {
    return readlinkSync(path, { encoding: 'buffer' }).copy(bytes, position, 0, limit);
  } catch (error) {
    return -errnoOf(error);
  }
}

/** What the system refused; throws what is a bug. */
export function errnoOf(error: unknown): number {
  const { errno } = error as NodeJS.ErrnoException;
  if (errno === undefined) throw error;
  return Math.abs(errno);
}
