import type { ExeFile } from '../../core/event.ts';
import { readExeStat, type ExeStat } from '../../core/exe-stat.ts';
import type { Piece } from '../../core/kernel-event.ts';
import type { ExeLink } from './exe.ts';
import { bytesOf } from './piece.ts';

/** S_ISUID and S_ISGID of <sys/stat.h>. */
const SET_UID = 0o4000,
  SET_GID = 0o2000;

/** undefined when it could not be read. */
export function parseExeStat(piece: Piece): ExeStat | undefined {
  const bytes = bytesOf(piece);
  return bytes === undefined ? undefined : readExeStat(bytes);
}

/**
 * What is known of the file behind an executable: what its link says, and what stat(2) says if anybody asked. null where nothing is. A memory file always reads
 * "/memfd:<name> (deleted)"; a file in the root folder may be called so, too, but is not deleted.
 */
export function exeFileFrom(link: ExeLink | undefined, stat: ExeStat | undefined): ExeFile | null {
  const memfd = link !== undefined && link.memfd && link.deleted;
  if (stat === undefined && (link === undefined || !link.deleted)) return null;
  return {
    inode: stat !== undefined && Number.isSafeInteger(stat.inode) ? stat.inode : null,
    device: stat?.device ?? null,
    mtime: stat !== undefined && Number.isSafeInteger(stat.mtime) ? stat.mtime : null,
    deleted: link === undefined ? stat?.links === 0 : link.deleted,
    memfd,
    setuid: stat === undefined ? null : (stat.mode & SET_UID) !== 0,
    setgid: stat === undefined ? null : (stat.mode & SET_GID) !== 0,
  };
}
