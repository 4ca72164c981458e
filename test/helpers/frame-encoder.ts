import type { Capture, Heard, KernelEvent, LossEvent, MovedEvent, Piece } from '../../src/core/kernel-event.ts';
import { SCAN_PURPOSES } from '../../src/core/kernel-event.ts';
import { MAX_PID_FILE_BYTES, PIECES, PIECES_AT, SIZES_AT, alignUp, maxRecordBytes } from '../../src/ingest/capture/record.ts';
import {
  AUX_HEADER_BYTES,
  Aux,
  FORKED_BYTES,
  LOSS_BYTES,
  SCAN_BYTES,
  SLOTS_AT,
  SLOT_BYTES,
  USED_BYTES,
  setAuxHeader,
  setForked,
  setHeader,
  setLoss,
  setScan,
  setSlot,
} from '../../src/ingest/proc-connector/frame.ts';
import type { RingView } from '../../src/ingest/proc-connector/frame.ts';
import { setPlaced } from '../../src/ingest/proc-connector/placed.ts';
import { What } from '../../src/ingest/proc-connector/wire.ts';
import { datagram } from '../unit/ingest/proc-connector/vectors.ts';

export interface Framing {
  /** Wall clock − CLOCK_MONOTONIC, µs. */
  readonly wallUs: number;
  /** Kernel events a frame at most. */
  readonly slots: number;
}

/**
 * Bodies of frames as the ingest thread would have written them for what was heard. With one slot a frame every delay is kept; of more, the last event's, from which
 * those of the others follow.
 */
export function framesOf(heard: readonly Heard[], { wallUs, slots }: Framing): Buffer[] {
  const frames: Buffer[] = [];
  let gathered: (KernelEvent | LossEvent | MovedEvent)[] = [];
  const flush = (): void => {
    if (gathered.length > 0) frames.push(eventFrame(gathered, wallUs));
    gathered = [];
  };
  for (const item of heard) {
    if (item.kind === 'SNAPSHOT' || item.kind === 'RECOVERED' || item.kind === 'SCAN') {
      flush();
      frames.push(listingFrame(item, wallUs));
    } else {
      gathered.push(item);
      if (isMessage(item) && gathered.filter(isMessage).length >= slots) flush();
    }
  }
  flush();
  return frames;
}

function newView(bytes: number): RingView {
  const memory = new ArrayBuffer(alignUp(bytes, 8));
  return { bytes: Buffer.from(memory), words: new Uint32Array(memory), floats: new Float64Array(memory) };
}

function isMessage(item: KernelEvent | LossEvent | MovedEvent): item is KernelEvent {
  return item.kind !== 'LOSS' && item.kind !== 'MOVED';
}

/** Of a record that puts a process into a cgroup. */
const MAX_PLACED_BYTES = AUX_HEADER_BYTES + 24 + MAX_PID_FILE_BYTES;

function eventFrame(items: readonly (KernelEvent | LossEvent | MovedEvent)[], wallUs: number): Buffer {
  const events = items.filter(isMessage);
  const captured = events.filter((event) => event.kind === 'EXEC' && event.capture !== null).length;
  const auxAt = SLOTS_AT + events.length * SLOT_BYTES;
  const view = newView(
    auxAt + items.length * Math.max(LOSS_BYTES, USED_BYTES, MAX_PLACED_BYTES) + captured * (AUX_HEADER_BYTES + maxRecordBytes(1 << 17)),
  );
  const last = items.at(-1) as KernelEvent | LossEvent | MovedEvent;
  let at = auxAt;
  let slot = 0;
  let aux = 0;
  for (const item of items) {
    if (item.kind === 'LOSS') {
      setLoss(view, at, { slot, loss: lossRecord(item, wallUs) });
      at += LOSS_BYTES;
      aux += 1;
      continue;
    }
    if (item.kind === 'MOVED') {
      at += setPlaced(view, at, { type: Aux.MOVED, slot, detail: item.tgid, ns: item.monotonicNs, cgroup: bytesOf(item.cgroup) });
      aux += 1;
      continue;
    }
    const slotAt = SLOTS_AT + slot * SLOT_BYTES;
    view.bytes.set(datagramOf(item), slotAt);
    setSlot(view, slotAt, item.kernelSeq, 0);
    if (item.kind === 'EXEC' && item.capture !== null) {
      at += captureRecord(view, at, { type: Aux.CAPTURE, slot, detail: 0, pid: item.tgid, capture: item.capture });
      aux += 1;
    }
    const recorded = recordOf(view, at, { event: item, slot });
    at += recorded;
    if (recorded > 0) aux += 1;
    slot += 1;
  }
  const receivedNs = isMessage(last) ? last.monotonicNs + last.delayUs * 1000 : last.monotonicNs;
  setHeader(view, 0, { slots: events.length, aux, auxAt, offsets: { wallUs, bootNs: 0 }, receivedNs });
  return view.bytes.subarray(0, at);
}

/** What the kernel recorded of a fork or an exit; 0 where there is nothing. */
function recordOf(view: RingView, at: number, { event, slot }: { event: KernelEvent; slot: number }): number {
  if (event.kind === 'FORK' && event.startBootNs !== undefined) {
    if (event.cgroup !== undefined)
      return setPlaced(view, at, { type: Aux.FORKED_INTO, slot, detail: 0, ns: event.startBootNs, cgroup: bytesOf(event.cgroup) });
    setForked(view, at, { slot, startBootNs: event.startBootNs });
    return FORKED_BYTES;
  }
  if (event.kind !== 'EXIT' || event.usage === undefined) return 0;
  setAuxHeader(view, at, { type: Aux.USED, slot, bytes: USED_BYTES, detail: 0 });
  view.floats.set(Object.values(event.usage) as number[], (at + AUX_HEADER_BYTES) / 8);
  return USED_BYTES;
}

function bytesOf(piece: Piece): Uint8Array | undefined {
  return typeof piece === 'number' ? undefined : piece;
}

function listingFrame(item: Heard & { kind: 'SNAPSHOT' | 'RECOVERED' | 'SCAN' }, wallUs: number): Buffer {
  const view = newView(SLOTS_AT + AUX_HEADER_BYTES + maxRecordBytes(1 << 17));
  let bytes = SCAN_BYTES;
  if (item.kind === 'SCAN') setScan(view, SLOTS_AT, item);
  else {
    const head =
      item.kind === 'RECOVERED'
        ? { type: Aux.RECOVERED, slot: 0, detail: 0 }
        : { type: Aux.SNAPSHOT, slot: SCAN_PURPOSES.indexOf(item.purpose), detail: item.tgid };
    const of = { ...head, pid: item.pid, capture: item.capture };
    bytes = captureRecord(view, SLOTS_AT, of);
  }
  setHeader(view, 0, { slots: 0, aux: 1, auxAt: SLOTS_AT, offsets: { wallUs, bootNs: 0 }, receivedNs: item.monotonicNs });
  return view.bytes.subarray(0, SLOTS_AT + bytes);
}

/** linux/errno.h ECANCELED. */
const NOT_TRIED = 125;

interface CaptureRecord {
  readonly type: number;
  readonly slot: number;
  readonly detail: number;
  readonly pid: number;
  readonly capture: Capture;
}

function captureRecord(view: RingView, at: number, { capture, pid, ...head }: CaptureRecord): number {
  const record = at + AUX_HEADER_BYTES;
  let position = record + PIECES_AT;
  for (const [i, name] of PIECES.entries()) {
    const piece = capture[name] ?? NOT_TRIED;
    view.words[(record + SIZES_AT) / 4 + i] = (typeof piece === 'number' ? -piece : piece.length) >>> 0;
    if (typeof piece === 'number') continue;
    view.bytes.set(piece, position);
    position += alignUp(piece.length, 4);
  }
  const length = alignUp(position - record, 8);
  view.words.set([length, pid, capture.delayUs, capture.cmdlineBytes], record / 4);
  setAuxHeader(view, at, { ...head, bytes: AUX_HEADER_BYTES + length });
  return AUX_HEADER_BYTES + length;
}

function lossRecord(loss: LossEvent, wallUs: number) {
  const ns = (timeUs: number): number => (timeUs - wallUs) * 1000;
  const range = { cpu: loss.cpu ?? -1, fromSeq: loss.fromSeq ?? -1, toSeq: loss.toSeq ?? -1, count: loss.count };
  return { reason: loss.reason, ...range, fromNs: ns(loss.fromTimeUs), toNs: loss.monotonicNs };
}

function datagramOf(event: KernelEvent): Buffer {
  const bytes = datagram({
    what: What[event.kind],
    cpu: event.cpu,
    seq: event.kernelSeq % 2 ** 32,
    ns: BigInt(event.monotonicNs),
    words: wordsOf(event),
  });
  if (event.kind === 'COMM') bytes.write(event.comm, 60, 15, 'utf8');
  return bytes;
}

function wordsOf(event: KernelEvent): number[] {
  const { pid, tgid } = event;
  switch (event.kind) {
    case 'FORK':
      return [event.parentPid, event.parentTgid, pid, tgid];
    case 'EXIT':
      return [pid, tgid, event.exitCode, event.exitSignal, event.parentPid, event.parentTgid];
    case 'UID':
    case 'GID':
      return [pid, tgid, event.real, event.effective];
    case 'PTRACE':
      return [pid, tgid, event.tracerPid, event.tracerTgid];
    case 'COREDUMP':
      return [pid, tgid, event.parentPid, event.parentTgid];
    default:
      return [pid, tgid];
  }
}
