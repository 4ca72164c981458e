import type { Piece } from '../../core/kernel-event.ts';
import { bytesOf, decimalAt } from './piece.ts';

/** PROC_PID_INIT_INO of include/uapi/linux/nsfs.h (before: include/linux/proc_ns.h): the initial namespace of every machine since 3.8. */
const INITIAL = 0xefff_fffc;
const PREFIX = 'pid:[';

/** Target of `/proc/<pid>/ns/pid`, "pid:[4026531836]": the inode, null for the initial namespace, undefined when it could not be read. */
export function parsePidNamespace(piece: Piece): number | null | undefined {
  const text = bytesOf(piece)?.toString('latin1');
  if (text === undefined || !text.startsWith(PREFIX)) return undefined;
  const inode = decimalAt(text, PREFIX.length);
  return Number.isNaN(inode) ? undefined : pidNamespaceOf(inode);
}

/** As it is published: null for the initial one. */
export function pidNamespaceOf(inode: number): number | null {
  return inode === INITIAL ? null : inode;
}
