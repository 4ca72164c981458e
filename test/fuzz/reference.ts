import type { FakeMessage } from '../helpers/fake-libc.ts';

/** What a datagram must come to: values by name, all but those that depend on clocks and on /proc. */
export type Expected = Readonly<Record<string, string | number | null>>;

export interface Tally {
  foreign: number;
  malformed: number;
  acks: number;
  unknown: number;
  events: number;
  lost: number;
}

const NONE = 0;
const CPU_LIMIT = 65536;
const U32 = 2 ** 32;

type Decode = (union: (word: number) => number, bytes: DataView) => Expected;

const KINDS: ReadonlyMap<number, Decode> = new Map<number, Decode>([
  [0x1, (w) => ({ kind: 'FORK', parentPid: w(0), parentTgid: w(1), pid: w(2), tgid: w(3) })],
  [0x2, (w) => ({ kind: 'EXEC', pid: w(0), tgid: w(1) })],
  [0x4, (w) => ({ kind: 'UID', pid: w(0), tgid: w(1), real: w(2), effective: w(3) })],
  [0x40, (w) => ({ kind: 'GID', pid: w(0), tgid: w(1), real: w(2), effective: w(3) })],
  [0x80, (w) => ({ kind: 'SID', pid: w(0), tgid: w(1) })],
  [0x100, (w) => ({ kind: 'PTRACE', pid: w(0), tgid: w(1), tracerPid: w(2), tracerTgid: w(3) })],
  [0x200, (w, bytes) => ({ kind: 'COMM', pid: w(0), tgid: w(1), comm: text(bytes, 60, 16) })],
  [0x40000000, (w) => ({ kind: 'COREDUMP', pid: w(0), tgid: w(1), parentPid: w(2), parentTgid: w(3) })],
  [0x80000000, (w) => ({ kind: 'EXIT', pid: w(0), tgid: w(1), exitCode: w(2), exitSignal: w(3), parentPid: w(4), parentTgid: w(5) })],
]);

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

function text(bytes: DataView, at: number, limit: number): string {
  const chars = new Uint8Array(bytes.buffer, bytes.byteOffset + at, limit);
  const end = chars.indexOf(0);
  return utf8.decode(chars.subarray(0, end < 0 ? limit : end));
}

export interface ReferenceOptions {
  /** The kernel leaves events out, and steps in its numbers are no losses. */
  readonly filtered: boolean;
  /** Numbers at which an earlier run ended, by CPU. */
  readonly kernelSeqs: Readonly<Record<string, number>>;
}

/** Says by plain reading of linux/cn_proc.h what a receiver must make of a stream, datagram by datagram. */
export class Reference {
  readonly tally: Tally = { foreign: 0, malformed: 0, acks: 0, unknown: 0, events: 0, lost: 0 };
  readonly #options: ReferenceOptions;
  readonly #last = new Map<number, number>();

  constructor(options: ReferenceOptions) {
    this.#options = options;
  }

  /** Appends what must come out of this one to `out`: a loss before it, and itself if it is an event. */
  take({ bytes, sender = 0 }: FakeMessage, out: Expected[]): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (sender !== 0) this.tally.foreign += 1;
    else if (!isWellFormed(view)) this.tally.malformed += 1;
    else this.#takeNumbered(view, out);
  }

  #takeNumbered(view: DataView, out: Expected[]): void {
    const [what, cpu] = [view.getUint32(36, true), view.getUint32(40, true)];
    const kernelSeq = this.#number(cpu, view.getUint32(24, true), out);
    const decode = KINDS.get(what);
    if (what === NONE) this.tally.acks += 1;
    else if (decode === undefined) this.tally.unknown += 1;
    else {
      this.tally.events += 1;
      const event = decode((word) => view.getUint32(52 + 4 * word, true), view);
      out.push({ ...event, cpu, kernelSeq, monotonicNs: Number(view.getBigUint64(44, true)) });
    }
  }

  /** The 64-bit number; one that is not ahead of the last stays in its epoch and is no loss. The first goes on from the earlier run. */
  #number(cpu: number, seq: number, out: Expected[]): number {
    const last = this.#last.get(cpu);
    const former = this.#options.kernelSeqs[cpu] ?? 0;
    if (last === undefined) this.#last.set(cpu, former + ahead(former, seq));
    if (last === undefined) return former + ahead(former, seq);
    const step = ahead(last, seq);
    if (step === 0 || step >= U32 / 2) return last - (last % U32) + seq;
    this.#last.set(cpu, last + step);
    if (step > 1 && !this.#options.filtered) {
      this.tally.lost += step - 1;
      out.push({ kind: 'LOSS', reason: 'receive_buffer', cpu, fromSeq: last + 1, toSeq: last + step - 1, count: step - 1 });
    }
    return last + step;
  }
}

/** How far a 32-bit number is ahead of a number of any length. */
function ahead(last: number, seq: number): number {
  return (((seq - last) % U32) + U32) % U32;
}

/** One message of exactly 76 bytes: nlmsghdr, cn_msg for (1, 1), proc_event. */
export function isWellFormed(view: DataView): boolean {
  return (
    view.byteLength === 76 &&
    view.getUint32(0, true) === 76 &&
    view.getUint16(4, true) === 3 &&
    view.getUint32(16, true) === 1 &&
    view.getUint32(20, true) === 1 &&
    view.getUint16(32, true) === 40 &&
    view.getUint32(40, true) < CPU_LIMIT
  );
}
