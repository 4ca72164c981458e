import type { Piece } from '../../core/kernel-event.ts';
import { bytesOf, decimalAt } from './piece.ts';

/** (uid_t)-1: nobody logged in for this process. */
const UNSET = 0xffff_ffff;

/** `/proc/<pid>/loginuid`: null when unset, undefined when it could not be read. */
export function parseLoginUid(piece: Piece): number | null | undefined {
  const bytes = bytesOf(piece);
  if (bytes === undefined) return undefined;
  const uid = decimalAt(bytes.toString('latin1'), 0);
  if (Number.isNaN(uid)) return undefined;
  return uid >= UNSET ? null : uid;
}
