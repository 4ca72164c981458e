import { EXEC_FIXED_BYTES } from '../capture/bpf/layout.ts';
import { isOfKernel, kernelFactsBytes } from '../capture/kernel-facts.ts';
import { PIECES, PIECES_AT, SIZES_AT, alignUp } from '../capture/record.ts';
import {
  AUX_HEADER_BYTES,
  Aux,
  CLOCK_BYTES,
  FORKED_BYTES,
  LOSS_BYTES,
  SCAN_BYTES,
  SLOTS_AT,
  SLOT_BYTES,
  USED_BYTES,
  isCompanion,
} from '../proc-connector/frame.ts';
import type { RingView } from '../proc-connector/frame.ts';
import { isPlaced } from '../proc-connector/placed.ts';

/** Sizes of those aux records that have only one. */
export const FIXED_AUX_BYTES: Readonly<Record<number, number>> = {
  [Aux.LOSS]: LOSS_BYTES,
  [Aux.SCAN]: SCAN_BYTES,
  [Aux.CLOCK]: CLOCK_BYTES,
  [Aux.FORKED]: FORKED_BYTES,
  [Aux.USED]: USED_BYTES,
};

/**
 * Why the `length` bytes at `body` cannot be read as a frame; undefined when they can. The ring's frames are trusted, those of a file are not: its
 * checksums tell damage, not malice.
 */
export function frameFault(view: RingView, body: number, length: number): string | undefined {
  const { words, floats } = view;
  if (length < SLOTS_AT) return `a frame of ${length} bytes is none`;
  const slots = words[body / 4] as number;
  const auxAt = words[body / 4 + 6] as number;
  if (SLOTS_AT + slots * SLOT_BYTES > auxAt || auxAt > length || auxAt % 8 !== 0)
    return `a frame of ${length} bytes has no room for ${slots} slots`;
  for (const at of [1, 2, 4]) if (!Number.isFinite(floats[body / 8 + at])) return 'a frame has no time';
  return auxFault(view, { at: body + auxAt, end: body + length, slots, count: words[body / 4 + 1] as number });
}

interface AuxRecords {
  readonly at: number;
  readonly end: number;
  readonly slots: number;
  readonly count: number;
}

function auxFault(view: RingView, { at: first, end, slots, count }: AuxRecords): string | undefined {
  const { words } = view;
  let at = first;
  for (let i = 0; i < count; i += 1) {
    const bytes = at + AUX_HEADER_BYTES <= end ? (words[at / 4] as number) : 0;
    const type = words[at / 4 + 1] as number;
    if (bytes < AUX_HEADER_BYTES || bytes % 8 !== 0 || at + bytes > end) return `record ${i + 1} of ${count} does not fit its frame`;
    const fixed = FIXED_AUX_BYTES[type];
    if (fixed !== undefined && bytes !== fixed) return `a record of type ${type} has ${bytes} bytes`;
    if (isCompanion(type) && (words[at / 4 + 2] as number) >= slots) return `a record of type ${type} belongs to no slot`;
    if (!isOfItsForm(view, at, bytes)) return 'a record is not of its form';
    at += bytes;
  }
  return undefined;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isOfItsForm(view: RingView, at: number, bytes: number): boolean {
  switch (view.words[at / 4 + 1]) {
    case Aux.CAPTURE:
    case Aux.SNAPSHOT:
    case Aux.RECOVERED:
      return isCapture(view.words, at + AUX_HEADER_BYTES, at + bytes);
    case Aux.FORKED_INTO:
    case Aux.MOVED:
      return isPlaced(view, at, bytes);
    default:
      return areFinite(view, at, bytes);
  }
}

function isCapture(words: Uint32Array, at: number, end: number): boolean {
  let position = at + PIECES_AT;
  if (position > end) return false;
  for (let i = 0; i < PIECES.length; i += 1) {
    const size = (words[(at + SIZES_AT) / 4 + i] as number) | 0;
    if (size > 0) position += alignUp(size, 4);
    if (position > end) return false;
  }
  return !isOfKernel(words, at) || areFacts(words, alignUp(position, 8), end);
}

function areFacts(words: Uint32Array, at: number, end: number): boolean {
  return at + EXEC_FIXED_BYTES <= end && at + kernelFactsBytes(words, at) <= end;
}

/** All that follows the head of these is numbers; the first of a LOSS is a pair of integers. */
function areFinite({ words, floats }: RingView, at: number, bytes: number): boolean {
  const first = (at + AUX_HEADER_BYTES) / 8 + (words[at / 4 + 1] === Aux.LOSS ? 1 : 0);
  for (let i = first; i < (at + bytes) / 8; i += 1) {
    const value = floats[i] as number;
    if (words[at / 4 + 1] === Aux.USED ? !isCount(value) : !Number.isFinite(value)) return false;
  }
  return true;
}
