import type { Piece } from '../../core/kernel-event.ts';
import { parseLoginUid } from './loginuid.ts';

/** `/proc/<pid>/sessionid`: null when unset, undefined when it could not be read. Written as the login uid is, (u32)-1 for unset included. */
export function parseSessionId(piece: Piece): number | null | undefined {
  return parseLoginUid(piece);
}
