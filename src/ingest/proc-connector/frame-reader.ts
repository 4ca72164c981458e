import { LOSS_REASONS, SCAN_PURPOSES } from '../../core/kernel-event.ts';
import type { Heard, LossReason, ScanPurpose } from '../../core/kernel-event.ts';
import { pidOf, readCapture } from '../capture/record.ts';
import { readUsage } from '../capture/usage.ts';
import { ACK, AUX_HEADER_BYTES, Aux, SLOTS_AT, SLOT_BYTES, isCompanion } from './frame.ts';
import type { RingView } from './frame.ts';
import { OffsetHistory } from './offset-history.ts';
import { placedCgroup, placedNs } from './placed.ts';
import { EPOCH } from './sequence.ts';
import { cpuOf, decodeEvent, seqOf, stampNsOf } from './wire.ts';

/** Counts of what frames held. */
export interface FrameTally {
  events: number;
  acks: number;
  unknown: number;
  /** As LOSS records declared. */
  lost: number;
}

/** A record that takes effect between two slots. */
interface Turn {
  readonly slot: number;
  readonly type: number;
  readonly at: number;
}

/** Decodes frames in place, see frame.ts; captures handed out are views that live as long as the frame. */
export class FrameReader {
  readonly tally: FrameTally = { events: 0, acks: 0, unknown: 0, lost: 0 };
  readonly clock = new OffsetHistory();
  /** 64-bit sequence seen last, by CPU. */
  readonly kernelSeqs: Record<string, number> = {};
  readonly #view: RingView;
  /** Byte offset of the CAPTURE, FORKED, FORKED_INTO or USED of each slot; 0 for none. */
  #companions = new Uint32Array(0);
  readonly #turns: Turn[] = [];
  #wallUs = 0;
  #receivedNs = 0;

  constructor(view: RingView) {
    this.#view = view;
  }

  /** Appends what the frame at `body` holds to `out`, in order. */
  read(body: number, out: Heard[]): void {
    const { words, floats } = this.#view;
    const slots = words[body / 4] as number;
    this.#receivedNs = floats[body / 8 + 2] as number;
    const first = slots === 0 ? this.#receivedNs : stampNsOf(words, body + SLOTS_AT);
    this.#setClock(first, { wallUs: floats[body / 8 + 1] as number, bootNs: floats[body / 8 + 4] as number });
    this.#index(body, slots, out);
    let turn = 0;
    for (let slot = 0; slot < slots; slot += 1) {
      const at = body + SLOTS_AT + slot * SLOT_BYTES;
      while (this.#turns[turn]?.slot === slot) this.#takeTurn(this.#turns[turn++] as Turn, stampNsOf(words, at), out);
      this.#pushSlot(at, slot, out);
    }
    for (; turn < this.#turns.length; turn += 1) this.#takeTurn(this.#turns[turn] as Turn, this.#receivedNs, out);
  }

  #setClock(fromNs: number, offsets: { wallUs: number; bootNs: number }): void {
    this.#wallUs = offsets.wallUs;
    const { wallUs, bootNs } = this.clock.newest;
    if (wallUs !== offsets.wallUs || bootNs !== offsets.bootNs) this.clock.note(fromNs, offsets);
  }

  /** Finds the aux records of a frame; what comes before its slots goes straight to `out`. */
  #index(body: number, slots: number, out: Heard[]): void {
    const { words } = this.#view;
    if (this.#companions.length < slots) this.#companions = new Uint32Array(slots);
    this.#companions.fill(0, 0, slots);
    this.#turns.length = 0;
    let at = body + (words[body / 4 + 6] as number);
    for (let i = words[body / 4 + 1] as number; i > 0; i -= 1) {
      const type = words[at / 4 + 1] as number;
      const slot = words[at / 4 + 2] as number;
      if (isCompanion(type)) this.#companions[slot] = at;
      else if (type === Aux.SNAPSHOT) this.#pushSnapshot(at, out);
      else if (type === Aux.RECOVERED) this.#pushRecovered(at, out);
      else if (type === Aux.SCAN) this.#pushScan(at, out);
      else this.#turns.push({ slot, type, at });
      at += words[at / 4] as number;
    }
  }

  #takeTurn({ type, at }: Turn, fromNs: number, out: Heard[]): void {
    const { floats } = this.#view;
    if (type === Aux.LOSS) this.#pushLoss(at, out);
    else if (type === Aux.MOVED) this.#pushMoved(at, out);
    else if (type === Aux.CLOCK) this.#setClock(fromNs, { wallUs: floats[at / 8 + 2] as number, bootNs: floats[at / 8 + 3] as number });
  }

  #pushSlot(at: number, slot: number, out: Heard[]): void {
    const { words, bytes, floats } = this.#view;
    const mark = words[(at + 76) / 4] as number;
    const flags = mark >>> 16;
    if (flags !== 0 && flags !== ACK) return;
    const kernelSeq = (mark & 0xffff) * EPOCH + seqOf(words, at);
    this.kernelSeqs[cpuOf(words, at)] = kernelSeq;
    if (flags === ACK) {
      this.tally.acks += 1;
      return;
    }
    const companion = this.#companions[slot] as number;
    const type = companion === 0 ? 0 : (words[companion / 4 + 1] as number);
    const bodyAt = companion + AUX_HEADER_BYTES;
    const event = decodeEvent(this.#view, at, {
      kernelSeq,
      wallOffsetUs: this.#wallUs,
      receivedNs: this.#receivedNs,
      capture: type === Aux.CAPTURE ? readCapture(bytes, words, bodyAt) : null,
      startBootNs: type === Aux.FORKED || type === Aux.FORKED_INTO ? floats[bodyAt / 8] : undefined,
      cgroup: type === Aux.FORKED_INTO ? placedCgroup(this.#view, companion) : undefined,
      usage: type === Aux.USED ? readUsage(floats, bodyAt) : undefined,
    });
    if (event === undefined) {
      this.tally.unknown += 1;
      return;
    }
    this.tally.events += 1;
    out.push(event);
  }

  #pushSnapshot(at: number, out: Heard[]): void {
    const { words, bytes } = this.#view;
    const record = at + AUX_HEADER_BYTES;
    const monotonicNs = this.#receivedNs;
    out.push({
      kind: 'SNAPSHOT',
      purpose: SCAN_PURPOSES[words[at / 4 + 2] as number] as ScanPurpose,
      monotonicNs,
      timeUs: this.#timeUs(monotonicNs),
      pid: words[record / 4 + 1] as number,
      tgid: words[at / 4 + 3] as number,
      capture: readCapture(bytes, words, record),
    });
  }

  #pushRecovered(at: number, out: Heard[]): void {
    const { words, bytes } = this.#view;
    const record = at + AUX_HEADER_BYTES;
    const monotonicNs = this.#receivedNs;
    const pid = pidOf(words, record);
    out.push({
      kind: 'RECOVERED',
      monotonicNs,
      timeUs: this.#timeUs(monotonicNs),
      pid,
      tgid: pid,
      capture: readCapture(bytes, words, record),
    });
  }

  #pushMoved(at: number, out: Heard[]): void {
    const monotonicNs = placedNs(this.#view, at);
    const tgid = this.#view.words[at / 4 + 3] as number;
    out.push({ kind: 'MOVED', monotonicNs, timeUs: this.#timeUs(monotonicNs), tgid, cgroup: placedCgroup(this.#view, at) });
  }

  #pushScan(at: number, out: Heard[]): void {
    const { words, floats } = this.#view;
    const monotonicNs = this.#receivedNs;
    out.push({
      kind: 'SCAN',
      phase: words[at / 4 + 3] === 1 ? 'END' : 'BEGIN',
      purpose: SCAN_PURPOSES[words[at / 4 + 2] as number] as ScanPurpose,
      monotonicNs,
      timeUs: this.#timeUs(monotonicNs),
      beganNs: floats[at / 8 + 2] as number,
      processes: floats[at / 8 + 3] as number,
    });
  }

  #pushLoss(at: number, out: Heard[]): void {
    const { words, floats } = this.#view;
    const cpu = (words[at / 4 + 4] as number) | 0;
    const [fromSeq, toSeq, count, fromNs, toNs] = floats.subarray(at / 8 + 3, at / 8 + 8) as unknown as [
      number,
      number,
      number,
      number,
      number,
    ];
    const reason = LOSS_REASONS[words[at / 4 + 3] as number] as LossReason;
    this.tally.lost += count;
    out.push({
      kind: 'LOSS',
      reason,
      monotonicNs: toNs,
      cpu: cpu < 0 ? null : cpu,
      fromSeq: cpu < 0 ? null : fromSeq,
      toSeq: cpu < 0 ? null : toSeq,
      count,
      exact: reason !== 'blind',
      fromTimeUs: this.#timeUs(fromNs),
      toTimeUs: this.#timeUs(toNs),
    });
  }

  #timeUs(monotonicNs: number): number {
    return Math.floor(monotonicNs / 1000 + this.clock.at(monotonicNs).wallUs);
  }
}
