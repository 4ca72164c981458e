/*
 * A frame of received events in the ring. Body, from the byte after the ring's frame header (8-byte aligned):
 *
 *    0 u32 slots · 4 u32 aux records · 8 f64 wall clock − CLOCK_MONOTONIC, µs · 16 f64 moment of receipt (of a snapshot: of its stat), CLOCK_MONOTONIC ns
 *   24 u32 offset of the first aux record from the body · 28 u32 0
 *   32 slots × 80 bytes: 76 of the datagram as the kernel wrote it, u16 kernel sequence bits 32–47, u8 flags, u8 0
 *      aux records, 8-byte aligned: u32 bytes · u32 type · u32 slot · u32 0 · body
 *        LOSS      events lost before `slot` (= number of slots: after the last): i32 cpu (−1 unknown) · u32 0 ·
 *                  f64 from seq · f64 to seq · f64 count · f64 from ns · f64 to ns
 *        CAPTURE   of the process of `slot` (EXEC), see capture/record.ts
 *        SNAPSHOT  a process that was there already; capture as above; `slot` is 0: it comes before the slots of its frame
 */
import type { Heard } from '../../core/kernel-event.ts';
import { readCapture } from '../capture/record.ts';
import type { Datagrams } from './wire.ts';
import { decodeEvent, seqOf } from './wire.ts';
import { EPOCH } from './sequence.ts';
import type { Gap } from './sequence.ts';

export const FRAME_EVENTS = 1;
export const SLOT_BYTES = 80;
export const SLOTS_AT = 32;
export const AUX_HEADER_BYTES = 16;
export const LOSS_BYTES = AUX_HEADER_BYTES + 48;
export const Aux = { LOSS: 1, CAPTURE: 2, SNAPSHOT: 3 } as const;
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
  readonly wallOffsetUs: number;
  readonly receivedNs: number;
}

// oxlint-disable-next-line max-params -- once an event: an object would be garbage
export function setSlot(view: RingView, at: number, seq: number, flags: number): void {
  view.words[(at + 76) / 4] = (Math.floor(seq / EPOCH) & 0xffff) | (flags << 16);
}

export function setHeader(view: RingView, body: number, header: FrameHeader): void {
  view.words[body / 4] = header.slots;
  view.words[body / 4 + 1] = header.aux;
  view.floats[body / 8 + 1] = header.wallOffsetUs;
  view.floats[body / 8 + 2] = header.receivedNs;
  view.words[body / 4 + 6] = header.auxAt;
}

export function setAuxHeader(view: RingView, at: number, record: { type: number; slot: number; bytes: number }): void {
  view.words[at / 4] = record.bytes;
  view.words[at / 4 + 1] = record.type;
  view.words[at / 4 + 2] = record.slot;
  view.words[at / 4 + 3] = 0;
}

/** Writes a LOSS record at `at`; a gap without CPU has cpu −1 and no sequences. */
export function setLoss(view: RingView, at: number, { slot, gap }: { slot: number; gap: Gap }): void {
  setAuxHeader(view, at, { type: Aux.LOSS, slot, bytes: LOSS_BYTES });
  view.words[at / 4 + 4] = gap.cpu >>> 0;
  view.words[at / 4 + 5] = 0;
  view.floats.set([gap.fromSeq, gap.toSeq, gap.count, gap.fromNs, gap.toNs], at / 8 + 3);
}

/** Counts of what a frame held besides events. */
export interface FrameTally {
  events: number;
  acks: number;
  unknown: number;
}

/** Decodes frames in place; captures handed out are views that live until the ring releases the frame. */
export class FrameReader {
  readonly tally: FrameTally = { events: 0, acks: 0, unknown: 0 };
  readonly #view: RingView;
  /** Byte offset of the aux record of each slot; 0 for none. */
  #captures = new Uint32Array(0);
  #losses: { slot: number; at: number }[] = [];

  constructor(view: RingView) {
    this.#view = view;
  }

  /** Appends what the frame at `body` holds to `out`, in order. */
  read(body: number, out: Heard[]): void {
    const { words, floats } = this.#view;
    const slots = words[body / 4] as number;
    const wallOffsetUs = floats[body / 8 + 1] as number;
    const receivedNs = floats[body / 8 + 2] as number;
    this.#index(body, slots, out);
    let nextLoss = 0;
    for (let slot = 0; slot < slots; slot += 1) {
      while (this.#losses[nextLoss]?.slot === slot) this.#pushLoss(this.#losses[nextLoss++]?.at as number, wallOffsetUs, out);
      this.#pushSlot(body + SLOTS_AT + slot * SLOT_BYTES, { slot, wallOffsetUs, receivedNs }, out);
    }
    for (; nextLoss < this.#losses.length; nextLoss += 1) this.#pushLoss(this.#losses[nextLoss]?.at as number, wallOffsetUs, out);
  }

  /** Finds the aux records of a frame; snapshots go straight to `out`. */
  #index(body: number, slots: number, out: Heard[]): void {
    const { words, floats } = this.#view;
    if (this.#captures.length < slots) this.#captures = new Uint32Array(slots);
    this.#captures.fill(0, 0, slots);
    this.#losses.length = 0;
    let at = body + (words[body / 4 + 6] as number);
    for (let i = words[body / 4 + 1] as number; i > 0; i -= 1) {
      const slot = words[at / 4 + 2] as number;
      const type = words[at / 4 + 1];
      if (type === Aux.CAPTURE) this.#captures[slot] = at + AUX_HEADER_BYTES;
      else if (type === Aux.LOSS) this.#losses.push({ slot, at });
      else if (type === Aux.SNAPSHOT)
        this.#pushSnapshot(
          at + AUX_HEADER_BYTES,
          { wallOffsetUs: floats[body / 8 + 1] as number, monotonicNs: floats[body / 8 + 2] as number },
          out,
        );
      at += words[at / 4] as number;
    }
  }

  #pushSlot(at: number, place: { slot: number; wallOffsetUs: number; receivedNs: number }, out: Heard[]): void {
    const { words, bytes } = this.#view;
    const mark = words[(at + 76) / 4] as number;
    const flags = mark >>> 16;
    if (flags !== 0) {
      if (flags === ACK) this.tally.acks += 1;
      return;
    }
    const captureAt = this.#captures[place.slot] as number;
    const event = decodeEvent(this.#view, at, {
      kernelSeq: (mark & 0xffff) * EPOCH + seqOf(words, at),
      wallOffsetUs: place.wallOffsetUs,
      receivedNs: place.receivedNs,
      capture: captureAt === 0 ? null : readCapture(bytes, words, captureAt),
    });
    if (event === undefined) {
      this.tally.unknown += 1;
      return;
    }
    this.tally.events += 1;
    out.push(event);
  }

  #pushSnapshot(at: number, { wallOffsetUs, monotonicNs }: { wallOffsetUs: number; monotonicNs: number }, out: Heard[]): void {
    const { words, bytes } = this.#view;
    const pid = words[at / 4 + 1] as number;
    const timeUs = Math.floor(monotonicNs / 1000 + wallOffsetUs);
    out.push({ kind: 'SNAPSHOT', monotonicNs, timeUs, pid, tgid: pid, capture: readCapture(bytes, words, at) });
  }

  #pushLoss(at: number, wallOffsetUs: number, out: Heard[]): void {
    const { words, floats } = this.#view;
    const cpu = (words[at / 4 + 4] as number) | 0;
    const f = at / 8 + 3;
    const wall = (ns: number): number => Math.floor(ns / 1000 + wallOffsetUs);
    out.push({
      kind: 'LOSS',
      cpu: cpu < 0 ? null : cpu,
      fromSeq: cpu < 0 ? null : (floats[f] as number),
      toSeq: cpu < 0 ? null : (floats[f + 1] as number),
      count: floats[f + 2] as number,
      fromTimeUs: wall(floats[f + 3] as number),
      toTimeUs: wall(floats[f + 4] as number),
    });
  }
}
