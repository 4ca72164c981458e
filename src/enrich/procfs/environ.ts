import type { Piece } from '../../core/kernel-event.ts';
import { bytesOf } from './piece.ts';

const MAX_VALUE = 4096;

/**
 * Chosen variables as captured, each `NAME=value` and a NUL. null: none was set, or they could not be read. Of a name that is set twice the first
 * counts, as for getenv(3). Values are cut at 4096 characters.
 */
export function parseEnviron(piece: Piece): Record<string, string> | null {
  const bytes = bytesOf(piece);
  if (bytes === undefined || bytes.length === 0) return null;
  const found = new Map<string, string>();
  for (const entry of bytes.toString('utf8').split('\0')) {
    const equals = entry.indexOf('=');
    const name = entry.slice(0, equals);
    if (equals > 0 && !found.has(name)) found.set(name, entry.slice(equals + 1, equals + 1 + MAX_VALUE));
  }
  return found.size === 0 ? null : Object.fromEntries(found);
}
