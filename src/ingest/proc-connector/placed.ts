/*
 * Body of the aux records that put a process into a cgroup (frame.ts):
 *    0 f64 ns, of which moment the type says · 8 u32 bytes of text, 0: not known · 12 u32 0 · 16 text, as in /proc/<pid>/cgroup, zeros up to a multiple of 8
 */
import { constants } from 'node:os';
import type { Piece } from '../../core/kernel-event.ts';
import { MAX_PID_FILE_BYTES, alignUp } from '../capture/record.ts';
import { AUX_HEADER_BYTES, setAuxHeader } from './frame.ts';
import type { RingView } from './frame.ts';

const { ENOENT } = constants.errno;
const TEXT_AT = AUX_HEADER_BYTES + 16;

export interface PlacedRecord {
  readonly type: number;
  readonly slot: number;
  readonly detail: number;
  readonly ns: number;
  readonly cgroup: Uint8Array | undefined;
}

/** Writes one at `at`; returns its length. */
export function setPlaced(view: RingView, at: number, { ns, cgroup, ...head }: PlacedRecord): number {
  const size = cgroup === undefined || cgroup.length > MAX_PID_FILE_BYTES ? 0 : cgroup.length;
  const bytes = alignUp(TEXT_AT + size, 8);
  setAuxHeader(view, at, { ...head, bytes });
  view.floats[(at + AUX_HEADER_BYTES) / 8] = ns;
  view.words[(at + AUX_HEADER_BYTES) / 4 + 2] = size;
  view.words[(at + AUX_HEADER_BYTES) / 4 + 3] = 0;
  view.bytes.fill(0, at + TEXT_AT + size, at + bytes);
  if (cgroup !== undefined && size > 0) view.bytes.set(cgroup, at + TEXT_AT);
  return bytes;
}

export function placedNs(view: RingView, at: number): number {
  return view.floats[(at + AUX_HEADER_BYTES) / 8] as number;
}

/** A view into the frame. */
export function placedCgroup(view: RingView, at: number): Piece {
  const size = view.words[(at + AUX_HEADER_BYTES) / 4 + 2] as number;
  return size === 0 ? ENOENT : view.bytes.subarray(at + TEXT_AT, at + TEXT_AT + size);
}

/** Whether `bytes` at `at` are one. */
export function isPlaced(view: RingView, at: number, bytes: number): boolean {
  if (bytes < TEXT_AT || !Number.isFinite(placedNs(view, at))) return false;
  return alignUp(TEXT_AT + (view.words[(at + AUX_HEADER_BYTES) / 4 + 2] as number), 8) === bytes;
}
