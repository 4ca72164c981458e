import type { Piece } from '../../core/kernel-event.ts';

/**
 * Pieces are views into a ring that is reused right after the event was enriched: whatever is kept must be copied out, which
 * `toString` does. The ring may be a SharedArrayBuffer, which TextDecoder refuses and Buffer's own decoders accept.
 */
export function bytesOf(piece: Piece): Buffer | undefined {
  if (typeof piece === 'number') return undefined;
  return Buffer.isBuffer(piece) ? piece : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}

/** The errno of a piece that could not be read, else null. */
export function errnoOf(piece: Piece): number | null {
  return typeof piece === 'number' ? piece : null;
}

const ZERO = 0x30;

/** Unsigned decimal in `text` from `at`; NaN where no digit stands there. */
export function decimalAt(text: string, at: number): number {
  let value = 0;
  let index = at;
  for (; index < text.length; index++) {
    const digit = text.charCodeAt(index) - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return index === at ? Number.NaN : value;
}
