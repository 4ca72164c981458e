import { AgentError } from '../../core/errors.ts';
import { Exec } from '../capture/bpf/layout.ts';
import { isOfKernel, kernelFactsBytes } from '../capture/kernel-facts.ts';
import { PIECES, PIECES_AT, SIZES_AT, alignUp } from '../capture/record.ts';
import { AUX_HEADER_BYTES, Aux, FOREIGN, SLOTS_AT, SLOT_BYTES } from '../proc-connector/frame.ts';
import { FrameMemory } from './frame-block.ts';
import { FIXED_AUX_BYTES } from './frame-fault.ts';
import { maskArguments, maskValues } from './mask.ts';

const CMDLINE = PIECES.indexOf('cmdline');
const ENVIRON = PIECES.indexOf('environ');

/**
 * Copies frames without the arguments and the values of variables in them. A copy is built anew from what the layout knows, and is zero elsewhere: the ring is used again and again, so that
 * the gaps of a frame hold parts of earlier ones, arguments of other processes among them. It is never longer than its original.
 */
export class Redactor {
  readonly #from = new FrameMemory();
  readonly #to = new FrameMemory();
  #position = 0;

  /** `frame`: the body of one; aligned to 8 bytes. */
  copy(frame: Uint8Array): Buffer {
    this.#from.load(Buffer.from(frame.buffer, frame.byteOffset, frame.length));
    this.#to.load(Buffer.alloc(frame.length));
    const slots = this.#from.words[0] as number;
    this.#copySlots(slots);
    let at = this.#from.words[6] as number;
    for (let i = this.#from.words[1] as number; i > 0; i -= 1) {
      this.#copyAux(at);
      at += this.#from.words[at / 4] as number;
    }
    return this.#to.bytes.subarray(0, this.#position);
  }

  #copySlots(slots: number): void {
    const { words, bytes } = this.#from;
    this.#to.bytes.set(bytes.subarray(0, SLOTS_AT));
    this.#to.words[7] = 0;
    this.#position = SLOTS_AT + slots * SLOT_BYTES;
    this.#to.words[6] = this.#position;
    for (let at = SLOTS_AT; at < this.#position; at += SLOT_BYTES) {
      const mark = words[(at + 76) / 4] as number;
      // What somebody else sent may hold anything; only that it came is of interest.
      if (mark >>> 16 !== FOREIGN) this.#to.bytes.set(bytes.subarray(at, at + SLOT_BYTES), at);
      this.#to.words[(at + 76) / 4] = mark;
    }
  }

  #copyAux(at: number): void {
    const { words, bytes } = this.#from;
    const to = this.#position;
    const type = words[at / 4 + 1] as number;
    this.#to.bytes.set(bytes.subarray(at, at + AUX_HEADER_BYTES), to);
    const fixed = FIXED_AUX_BYTES[type];
    let length = fixed;
    if (fixed !== undefined) this.#to.bytes.set(bytes.subarray(at + AUX_HEADER_BYTES, at + fixed), to + AUX_HEADER_BYTES);
    else if (type === Aux.CAPTURE || type === Aux.SNAPSHOT || type === Aux.RECOVERED)
      length = AUX_HEADER_BYTES + this.#copyCapture(at + AUX_HEADER_BYTES, to + AUX_HEADER_BYTES);
    else if (type === Aux.FORKED_INTO || type === Aux.MOVED) length = bytes.copy(this.#to.bytes, to, at, at + (words[at / 4] as number));
    // Copied blindly it would carry whatever it holds.
    if (length === undefined) throw new AgentError('BUG', `no redaction is known for records of type ${type}`);
    this.#to.words[to / 4] = length;
    this.#position = to + length;
  }

  #copyCapture(at: number, to: number): number {
    const { words, bytes } = this.#from;
    this.#to.bytes.set(bytes.subarray(at, at + PIECES_AT), to);
    let from = at + PIECES_AT;
    let position = to + PIECES_AT;
    for (let i = 0; i < PIECES.length; i += 1) {
      const size = (words[(at + SIZES_AT) / 4 + i] as number) | 0;
      if (size <= 0) continue;
      const piece = bytes.subarray(from, from + size);
      const kept = this.#copyPiece(i, piece, position);
      this.#to.words[(to + SIZES_AT) / 4 + i] = kept;
      from += alignUp(size, 4);
      position += alignUp(kept, 4);
    }
    if (isOfKernel(words, at)) position = this.#copyFacts(alignUp(from, 8), alignUp(position, 8), at);
    const length = alignUp(position - to, 8);
    this.#to.words[to / 4] = length;
    return length;
  }

  #copyPiece(i: number, piece: Buffer, position: number): number {
    if (i === CMDLINE) return maskArguments(piece, this.#to.bytes, position);
    return i === ENVIRON ? maskValues(piece, this.#to.bytes, position) : piece.copy(this.#to.bytes, position);
  }

  /** Nothing in them is an argument, but they say where the command line was cut, which is elsewhere now. Returns where they end. */
  #copyFacts(from: number, to: number, capture: number): number {
    const { words, bytes } = this.#from;
    const end = to + bytes.copy(this.#to.bytes, to, from, from + kernelFactsBytes(words, from));
    const cut = words[(from + Exec.CUT) / 4] as number;
    if (cut > 0) this.#to.words[(to + Exec.CUT) / 4] = this.#maskedBytes(capture, cut);
    return end;
  }

  /** How much is left of the first `length` bytes of a command line. */
  #maskedBytes(capture: number, length: number): number {
    const size = (this.#from.words[(capture + SIZES_AT) / 4 + CMDLINE] as number) | 0;
    const at = capture + PIECES_AT;
    const head = this.#from.bytes.subarray(at, at + Math.max(0, Math.min(length, size)));
    return maskArguments(head, Buffer.alloc(head.length), 0);
  }
}
