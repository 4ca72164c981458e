import type { AgentCheckpoint } from '../core/agent-event.ts';
import { Digest } from '../core/digest.ts';
import { RangeList } from './range-list.ts';

const PAGE = 1024;

/** `again`: a copy of one that is known; `conflict`: why it cannot be true, as a sentence. */
export type Added = 'new' | 'again' | { readonly conflict: string };

/** Which checkpoints of a run there are, and what they cover. */
export class Checkpoints {
  readonly numbers = new RangeList();
  readonly covered = new RangeList();
  /** That with the highest number; its time, and that of the one before it. */
  last: AgentCheckpoint | undefined;
  first: AgentCheckpoint | undefined;
  lastTime = -Infinity;
  /** Between two that follow each other, the last that came so. */
  intervalUs = 0;
  /** By number, four bytes each: whether one that comes again is the same. */
  readonly #prints = new Map<number, Uint32Array>();
  readonly #before = { number: -1, time: 0 };

  add(checkpoint: AgentCheckpoint, time: number): Added {
    const { checkpoint_no: number, from_sequence: from, to_sequence: to } = checkpoint;
    const print = fingerprint(checkpoint, time);
    if (this.numbers.has(number))
      return this.#printOf(number) === print ? 'again' : { conflict: `two different checkpoints have the number ${number}` };
    if (from < 1 || to < from - 1) return { conflict: `checkpoint ${number} covers an impossible range, ${from} to ${to}` };
    if (this.covered.intersects(from, to))
      return { conflict: `checkpoint ${number} covers sequences that another one covers, in ${from} to ${to}` };
    this.numbers.add(number, number);
    this.covered.add(from, to);
    this.#keep(number, print);
    this.#order(checkpoint, time);
    return 'new';
  }

  #order(checkpoint: AgentCheckpoint, time: number): void {
    const { checkpoint_no: number } = checkpoint;
    if (this.#before.number === number - 1) this.intervalUs = time - this.#before.time;
    this.#before.number = number;
    this.#before.time = time;
    if (this.last === undefined || number > this.last.checkpoint_no) {
      this.last = checkpoint;
      this.lastTime = time;
    }
    if (this.first === undefined || number < this.first.checkpoint_no) this.first = checkpoint;
  }

  #printOf(number: number): number | undefined {
    return this.#prints.get(Math.floor(number / PAGE))?.[number % PAGE];
  }

  #keep(number: number, print: number): void {
    const at = Math.floor(number / PAGE);
    let page = this.#prints.get(at);
    if (page === undefined) this.#prints.set(at, (page = new Uint32Array(PAGE)));
    page[number % PAGE] = print;
  }
}

function fingerprint(checkpoint: AgentCheckpoint, time: number): number {
  const { low, high } = Digest.from(checkpoint.digest);
  const { from_sequence, to_sequence, accepted, filtered, amendments, dropped, upstream } = checkpoint;
  const numbers = [
    from_sequence,
    to_sequence,
    accepted,
    filtered,
    time,
    amendments.length,
    dropped.length,
    upstream.heard,
    upstream.sequenced,
  ];
  let hash = low ^ Math.imul(high, 0x9e3779b1);
  for (const number of numbers) {
    hash = Math.imul(hash ^ (number | 0), 0x85ebca6b);
    hash = Math.imul(hash ^ Math.floor(number / 2 ** 32) ^ (hash >>> 15), 0xc2b2ae35);
  }
  return (hash ^ (hash >>> 16)) >>> 0;
}
