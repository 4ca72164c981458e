import type { Patterns } from './patterns.ts';
import type { Spans } from './spans.ts';

const NUL = 0;
const SPACE = 0x20;

/**
 * What the user's patterns find in the arguments: in each by itself, where ^ and $ are its ends, and in all of them with one space between
 * two, so that a pattern can say `--license (?P<secret>\S+)`.
 */
export class LineSearch {
  readonly #args: readonly string[];
  /** Ranges of each argument, by its index: starts and ends, alternating. */
  readonly #found = new Map<number, number[]>();
  /** Where each argument begins in the line. */
  readonly #starts: number[] = [];

  /** @param bytes of the arguments, each with a NUL behind it but perhaps the last; then each character of `args` stands for one byte */
  constructor(patterns: Patterns, args: readonly string[], bytes: Uint8Array | null) {
    this.#args = args;
    let start = 0;
    for (let i = 0; i < args.length; i++) {
      const text = args[i] as string;
      this.#starts.push(start);
      patterns.find(bytes === null ? text : bytes.subarray(start, start + text.length), (from, to) => this.#note(i, from, to));
      start += text.length + 1;
    }
    if (args.length < 2) return;
    const line = bytes === null ? args.join(' ') : bytes.subarray(0, start - 1).map((byte) => (byte === NUL ? SPACE : byte));
    patterns.find(line, (from, to) => this.#spread(from, to));
  }

  /** Adds what was found in this argument. */
  give(index: number, spans: Spans): void {
    const ranges = this.#found.get(index) ?? [];
    for (let i = 0; i < ranges.length; i += 2) spans.add(this.#args[index] as string, ranges[i] as number, ranges[i + 1] as number);
  }

  #note(index: number, from: number, to: number): void {
    const ranges = this.#found.get(index);
    if (ranges === undefined) this.#found.set(index, [from, to]);
    else ranges.push(from, to);
  }

  #spread(from: number, to: number): void {
    for (let i = this.#indexAt(from); i < this.#args.length; i++) {
      const start = this.#starts[i] as number;
      if (start >= to) return;
      const length = (this.#args[i] as string).length;
      this.#note(i, Math.max(from - start, 0), Math.min(to - start, length));
    }
  }

  /** The argument that stands at a place of the line, or ends before it. */
  #indexAt(at: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] as number) <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
