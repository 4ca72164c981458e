/*
 * A frame of received events in the ring. Body, from the byte after the ring's frame header (8-byte aligned):
 *
 *    0 u32 slots · 4 u32 aux records · 8 f64 wall clock − CLOCK_MONOTONIC, µs · 16 f64 moment of receipt (of a snapshot: of its stat), CLOCK_MONOTONIC ns
 *   24 u32 offset of the first aux record from the body · 28 u32 0 · 32 f64 CLOCK_BOOTTIME − CLOCK_MONOTONIC, ns
 *   40 slots × 80 bytes: 76 of the datagram as the kernel wrote it, u16 kernel sequence bits 32–47, u8 flags, u8 0
 *      aux records, 8-byte aligned: u32 bytes · u32 type · u32 slot · u32 detail · body
 *        LOSS      events lost before `slot` (= number of slots: after the last); detail: reason as index of LOSS_REASONS; i32 cpu (−1 unknown) · u32 0 ·
 *                  f64 from seq · f64 to seq · f64 count · f64 from ns · f64 to ns
 *        CAPTURE   of the process of `slot` (EXEC), see capture/record.ts
 *        SNAPSHOT  a process or thread that a listing found; `slot`: purpose as index of SCAN_PURPOSES; detail: tgid; capture as above.
 *                  It comes before the slots of its frame
 *        SCAN      the listing begins or ends; `slot`: its purpose; detail: 0 begin, 1 end; f64 began ns · f64 processes
 *        CLOCK     from `slot` on the offsets are others: f64 wall clock − CLOCK_MONOTONIC, µs · f64 CLOCK_BOOTTIME − CLOCK_MONOTONIC, ns
 *        RECOVERED an exec whose message was lost; capture as above. It comes before the slots of its frame, and the moment of receipt is that of its record
 *        FORKED    of the child of `slot` (FORK): f64 its start, CLOCK_BOOTTIME ns
 *        FORKED_INTO  the same of a child that began in another cgroup than its parent's: its start and that cgroup, see placed.ts
 *        MOVED     a process was put into a cgroup before `slot` (= number of slots: after the last); detail: tgid; the moment, CLOCK_MONOTONIC, and that cgroup
 *        USED      of the process of `slot` (EXIT), see capture/usage.ts
 *      A slot has one CAPTURE, FORKED, FORKED_INTO or USED at most.
 */
import { LOSS_REASONS, SCAN_PURPOSES } from '../../core/kernel-event.ts';
import type { LossReason, ScanPurpose } from '../../core/kernel-event.ts';
import { USAGE_BYTES } from '../capture/usage.ts';
import { EPOCH } from './sequence.ts';
import type { ClockOffsets } from './wall-clock.ts';
import type { Datagrams } from './wire.ts';

export const FRAME_EVENTS = 1;
export const SLOT_BYTES = 80;
export const SLOTS_AT = 40;
export const AUX_HEADER_BYTES = 16;
export const LOSS_BYTES = AUX_HEADER_BYTES + 48;
export const SCAN_BYTES = AUX_HEADER_BYTES + 16;
export const CLOCK_BYTES = AUX_HEADER_BYTES + 16;
export const FORKED_BYTES = AUX_HEADER_BYTES + 8;
export const USED_BYTES = AUX_HEADER_BYTES + USAGE_BYTES;
export const Aux = {
  LOSS: 1,
  CAPTURE: 2,
  SNAPSHOT: 3,
  SCAN: 4,
  CLOCK: 5,
  FORKED: 6,
  USED: 7,
  RECOVERED: 8,
  FORKED_INTO: 9,
  MOVED: 10,
} as const;
/** Whether such a record is of the event of its slot. */
export function isCompanion(type: number): boolean {
  return type === Aux.CAPTURE || type === Aux.FORKED || type === Aux.FORKED_INTO || type === Aux.USED;
}

/** Slot flags: an acknowledgement (heard, no event), or not from the kernel at all (not heard). */
export const ACK = 1;
export const FOREIGN = 2;

export interface RingView extends Datagrams {
  readonly floats: Float64Array;
}

export interface FrameHeader {
  readonly slots: number;
  readonly aux: number;
  readonly auxAt: number;
  /** Valid for the first slot, and on until a CLOCK record. */
  readonly offsets: ClockOffsets;
  readonly receivedNs: number;
}

/** What a LOSS record says; sequences and CPU are −1 where they are not known. */
export interface LossRecord {
  readonly reason: LossReason;
  readonly cpu: number;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly count: number;
  readonly fromNs: number;
  readonly toNs: number;
}

export interface ScanRecord {
  readonly purpose: ScanPurpose;
  readonly phase: 'BEGIN' | 'END';
  readonly beganNs: number;
  readonly processes: number;
}

// oxlint-disable-next-line max-params -- once an event: an object would be garbage
export function setSlot(view: RingView, at: number, seq: number, flags: number): void {
  view.words[(at + 76) / 4] = (Math.floor(seq / EPOCH) & 0xffff) | (flags << 16);
}

export function setHeader(view: RingView, body: number, header: FrameHeader): void {
  view.words[body / 4] = header.slots;
  view.words[body / 4 + 1] = header.aux;
  view.floats[body / 8 + 1] = header.offsets.wallUs;
  view.floats[body / 8 + 2] = header.receivedNs;
  view.words[body / 4 + 6] = header.auxAt;
  view.floats[body / 8 + 4] = header.offsets.bootNs;
}

export interface AuxHeader {
  readonly type: number;
  readonly slot: number;
  readonly bytes: number;
  readonly detail: number;
}

export function setAuxHeader(view: RingView, at: number, record: AuxHeader): void {
  view.words[at / 4] = record.bytes;
  view.words[at / 4 + 1] = record.type;
  view.words[at / 4 + 2] = record.slot;
  view.words[at / 4 + 3] = record.detail;
}

/** Writes a LOSS record at `at`. */
export function setLoss(view: RingView, at: number, { slot, loss }: { slot: number; loss: LossRecord }): void {
  setAuxHeader(view, at, { type: Aux.LOSS, slot, bytes: LOSS_BYTES, detail: LOSS_REASONS.indexOf(loss.reason) });
  view.words[at / 4 + 4] = loss.cpu >>> 0;
  view.words[at / 4 + 5] = 0;
  view.floats.set([loss.fromSeq, loss.toSeq, loss.count, loss.fromNs, loss.toNs], at / 8 + 3);
}

export function setScan(view: RingView, at: number, scan: ScanRecord): void {
  const detail = scan.phase === 'END' ? 1 : 0;
  setAuxHeader(view, at, { type: Aux.SCAN, slot: SCAN_PURPOSES.indexOf(scan.purpose), bytes: SCAN_BYTES, detail });
  view.floats[at / 8 + 2] = scan.beganNs;
  view.floats[at / 8 + 3] = scan.processes;
}

export function setClock(view: RingView, at: number, { slot, offsets }: { slot: number; offsets: ClockOffsets }): void {
  setAuxHeader(view, at, { type: Aux.CLOCK, slot, bytes: CLOCK_BYTES, detail: 0 });
  view.floats[at / 8 + 2] = offsets.wallUs;
  view.floats[at / 8 + 3] = offsets.bootNs;
}

export function setForked(view: RingView, at: number, { slot, startBootNs }: { slot: number; startBootNs: number }): void {
  setAuxHeader(view, at, { type: Aux.FORKED, slot, bytes: FORKED_BYTES, detail: 0 });
  view.floats[(at + AUX_HEADER_BYTES) / 8] = startBootNs;
}
