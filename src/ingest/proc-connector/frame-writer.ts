import type { ExecRecord, RecordView } from '../capture/bpf/record.ts';
import type { KernelCapture } from '../capture/kernel-capture.ts';
import type { Extent, ProcfsCapture } from '../capture/procfs.ts';
import { maxRecordBytes } from '../capture/record.ts';
import type { KernelUnits } from '../capture/usage.ts';
import { writeUsage } from '../capture/usage.ts';
import { FRAME_HEADER_BYTES } from '../ring/ring.ts';
import type { RingProducer } from '../ring/ring.ts';
import {
  AUX_HEADER_BYTES,
  Aux,
  CLOCK_BYTES,
  FORKED_BYTES,
  FRAME_EVENTS,
  LOSS_BYTES,
  SCAN_BYTES,
  SLOTS_AT,
  SLOT_BYTES,
  USED_BYTES,
  setAuxHeader,
  setClock,
  setForked,
  setHeader,
  setLoss,
  setScan,
} from './frame.ts';
import type { LossRecord, ScanRecord } from './frame.ts';
import { setPlaced } from './placed.ts';
import { SCAN_PURPOSES } from '../../core/kernel-event.ts';
import type { ScanPurpose } from '../../core/kernel-event.ts';
import type { ClockOffsets } from './wall-clock.ts';

/** Messages of one receive: more only lengthens the time until the first exec of the batch is captured. */
export const MAX_SLOTS = 256;

/** Beyond this a frame is closed and the next one begun: the reader takes whole frames, and a turn of it should not take megabytes. */
const MAX_FRAME_BYTES = 256 << 10;

/** Bytes a frame needs at least: all slots, and the largest capture with a loss and a change of the clock before it. */
export function minFrameBytes(maxArgsBytes: number): number {
  return (
    FRAME_HEADER_BYTES + SLOTS_AT + MAX_SLOTS * SLOT_BYTES + LOSS_BYTES + CLOCK_BYTES + AUX_HEADER_BYTES + maxRecordBytes(maxArgsBytes) + 64
  );
}

export interface Found {
  readonly purpose: ScanPurpose;
  readonly tgid: number;
  readonly pid: number;
  readonly stampNs: number;
  readonly extent: Extent;
}

/** Fills one frame in the ring: slots received in place, aux records behind them. */
export class FrameWriter {
  readonly #ring: RingProducer;
  readonly #minBytes: number;
  readonly #maxRecord: number;
  #offset = -1;
  #slots = 0;
  #aux = 0;
  #auxAt = 0;
  #position = 0;

  constructor(ring: RingProducer, maxArgsBytes: number) {
    this.#ring = ring;
    this.#minBytes = minFrameBytes(maxArgsBytes);
    this.#maxRecord = AUX_HEADER_BYTES + maxRecordBytes(maxArgsBytes);
  }

  /** Reserves a frame; false when the ring has no room now. */
  begin(): boolean {
    this.#offset = this.#ring.reserve(this.#minBytes);
    this.#aux = 0;
    return this.#offset >= 0;
  }

  get body(): number {
    return this.#offset + FRAME_HEADER_BYTES;
  }

  slotAt(i: number): number {
    return this.body + SLOTS_AT + i * SLOT_BYTES;
  }

  /** `slots` messages lie in the frame; aux records follow them. */
  received(slots: number): void {
    this.#slots = slots;
    this.#auxAt = SLOTS_AT + slots * SLOT_BYTES;
    this.#position = this.body + this.#auxAt;
  }

  /** True when a loss, a change of the clock and a capture, the largest of what belongs to a slot, still fit. */
  get hasRoom(): boolean {
    const limit = Math.min(this.#ring.reserved, Math.max(this.#minBytes, MAX_FRAME_BYTES));
    return this.#position + LOSS_BYTES + CLOCK_BYTES + this.#maxRecord <= this.#offset + limit;
  }

  /** Events were lost before `slot`. */
  loss(slot: number, loss: LossRecord): void {
    setLoss(this.#ring, this.#position, { slot, loss });
    this.#added(LOSS_BYTES);
  }

  /** From `slot` on stamps are turned with these offsets. */
  clock(slot: number, offsets: ClockOffsets): void {
    setClock(this.#ring, this.#position, { slot, offsets });
    this.#added(CLOCK_BYTES);
  }

  scan(scan: ScanRecord): void {
    setScan(this.#ring, this.#position, scan);
    this.#added(SCAN_BYTES);
  }

  /** Captures the process that exec'd in `slot`; `exited`: its exit is known already. */
  exec(
    capture: ProcfsCapture,
    of: { readonly slot: number; readonly pid: number; readonly stampNs: number; readonly exited: boolean },
  ): void {
    const how = { stampNs: of.stampNs, extent: of.exited ? 'zombie' : 'all' } as const;
    const bytes = AUX_HEADER_BYTES + capture.write(of.pid, this.#position + AUX_HEADER_BYTES, how);
    setAuxHeader(this.#ring, this.#position, { type: Aux.CAPTURE, slot: of.slot, bytes, detail: 0 });
    this.#added(bytes);
  }

  /** What the kernel recorded of the exec in `slot`; see `KernelCapture`. */
  recorded(
    capture: KernelCapture,
    of: { readonly slot: number; readonly record: ExecRecord; readonly stampNs: number; readonly cgroup: Buffer | undefined },
  ): void {
    const bytes = AUX_HEADER_BYTES + capture.write(this.#position + AUX_HEADER_BYTES, of.record, of);
    setAuxHeader(this.#ring, this.#position, { type: Aux.CAPTURE, slot: of.slot, bytes, detail: 0 });
    this.#added(bytes);
  }

  /** What the kernel recorded of an exec whose message was lost; `stampNs`: of the record. */
  recovered(
    capture: KernelCapture,
    of: { readonly record: ExecRecord; readonly stampNs: number; readonly cgroup: Buffer | undefined },
  ): void {
    const bytes = AUX_HEADER_BYTES + capture.write(this.#position + AUX_HEADER_BYTES, of.record, of);
    setAuxHeader(this.#ring, this.#position, { type: Aux.RECOVERED, slot: 0, bytes, detail: 0 });
    this.#added(bytes);
  }

  /** When the child of the fork in `slot` started. */
  forked(slot: number, { startBootNs }: { readonly startBootNs: number }): void {
    setForked(this.#ring, this.#position, { slot, startBootNs });
    this.#added(FORKED_BYTES);
  }

  /** The same of one that began in another cgroup than its parent's; `cgroup`: undefined where that is not known. */
  forkedInto(slot: number, of: { readonly startBootNs: number; readonly cgroup: Buffer | undefined }): void {
    const record = { type: Aux.FORKED_INTO, slot, detail: 0, ns: of.startBootNs, cgroup: of.cgroup };
    this.#added(setPlaced(this.#ring, this.#position, record));
  }

  /** A process was put into another cgroup before `slot`. */
  moved(slot: number, of: { readonly tgid: number; readonly stampNs: number; readonly cgroup: Buffer | undefined }): void {
    const record = { type: Aux.MOVED, slot, detail: of.tgid, ns: of.stampNs, cgroup: of.cgroup };
    this.#added(setPlaced(this.#ring, this.#position, record));
  }

  /** What the process used that ended in `slot`. */
  used(slot: number, of: { readonly exit: RecordView; readonly units: KernelUnits }): void {
    setAuxHeader(this.#ring, this.#position, { type: Aux.USED, slot, bytes: USED_BYTES, detail: 0 });
    writeUsage(this.#ring.floats, this.#position + AUX_HEADER_BYTES, of);
    this.#added(USED_BYTES);
  }

  /** Captures a process or thread that a listing found. */
  found(capture: ProcfsCapture, of: Found): void {
    const bytes = AUX_HEADER_BYTES + capture.write(of.pid, this.#position + AUX_HEADER_BYTES, of);
    setAuxHeader(this.#ring, this.#position, { type: Aux.SNAPSHOT, slot: SCAN_PURPOSES.indexOf(of.purpose), bytes, detail: of.tgid });
    this.#added(bytes);
  }

  #added(bytes: number): void {
    this.#position += bytes;
    this.#aux += 1;
  }

  /** Publishes the first `slots` slots with what belongs to them. */
  commit(slots: number, offsets: ClockOffsets, receivedNs: number): void {
    if (slots === 0 && this.#aux === 0) return;
    setHeader(this.#ring, this.body, { slots, aux: this.#aux, auxAt: this.#auxAt, offsets, receivedNs });
    this.#ring.commit(this.#offset, FRAME_EVENTS, this.#position - this.#offset);
  }

  /** Slots from `first` on, copied out, to be put into the next frame. */
  takeRest(first: number): Buffer {
    return Buffer.from(this.#ring.bytes.subarray(this.slotAt(first), this.slotAt(this.#slots)));
  }

  putRest(rest: Buffer): void {
    this.#ring.bytes.set(rest, this.slotAt(0));
    this.received(rest.length / SLOT_BYTES);
  }
}
