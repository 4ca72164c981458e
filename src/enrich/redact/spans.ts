import { MARK } from './mark.ts';

/** Where the rules put what is to be masked of a text: all of it, or a word in it. */
export interface SpanSink {
  /** [from, to) of `text`, which is the text that the sink is for. */
  add(text: string, from: number, to: number): void;
}

/** The parts of one text that are to be masked, in the order in which they are found. Used again and again: `clear` before each text. */
export class Spans implements SpanSink {
  /** Start and end of each, alternating. */
  readonly #bounds: number[] = [];

  get isEmpty(): boolean {
    return this.#bounds.length === 0;
  }

  clear(): void {
    this.#bounds.length = 0;
  }

  add(text: string, from: number, to: number): void {
    if (from >= to) return;
    const start = outsideMark(text, from, 0);
    const end = outsideMark(text, to, MARK.length);
    if (!isMarked(text, start, end)) this.#bounds.push(start, end);
  }

  /** The text with a mark in the place of each part, touching and overlapping parts being one. */
  mask(text: string): string {
    const bounds = this.#ordered();
    let masked = '';
    let kept = 0;
    for (let i = 0; i < bounds.length;) {
      const from = bounds[i] as number;
      let to = bounds[i + 1] as number;
      for (i += 2; i < bounds.length && (bounds[i] as number) <= to; i += 2) to = Math.max(to, bounds[i + 1] as number);
      masked += text.slice(kept, from) + MARK;
      kept = to;
    }
    return masked + text.slice(kept);
  }

  #ordered(): readonly number[] {
    const bounds = this.#bounds;
    for (let i = 2; i < bounds.length; i += 2) {
      if ((bounds[i] as number) < (bounds[i - 2] as number)) return sorted(bounds);
    }
    return bounds;
  }
}

/** Of a mark that stands there already nothing is cut off: within one, its beginning (0) or end (its length) counts. */
function outsideMark(text: string, at: number, side: number): number {
  for (let back = 1; back < MARK.length && back <= at; back++) if (text.startsWith(MARK, at - back)) return at - back + side;
  return at;
}

/** Nothing is there, or what was masked before. */
export function isMarked(text: string, from: number, to: number): boolean {
  return from >= to || (to - from === MARK.length && text.startsWith(MARK, from));
}

function sorted(bounds: readonly number[]): number[] {
  const pairs: [number, number][] = [];
  for (let i = 0; i < bounds.length; i += 2) pairs.push([bounds[i] as number, bounds[i + 1] as number]);
  return pairs.toSorted((one, other) => one[0] - other[0]).flat();
}
