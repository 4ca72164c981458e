import { MARK } from './mark.ts';

/** The parts of one text that are to be masked, in the order in which they are found. Used again and again: `clear` before each text. */
export class Spans {
  /** Start and end of each, alternating. */
  readonly #bounds: number[] = [];

  get isEmpty(): boolean {
    return this.#bounds.length === 0;
  }

  clear(): void {
    this.#bounds.length = 0;
  }

  /** [from, to) of `text`; nothing is noted where nothing is, or what stands there was masked before. */
  add(text: string, from: number, to: number): void {
    if (from >= to || (to - from === MARK.length && text.startsWith(MARK, from))) return;
    this.#bounds.push(from, to);
  }

  /** The text with a mark in the place of each part, touching and overlapping parts being one. */
  mask(text: string): Masked {
    const bounds = this.#ordered();
    let masked = '';
    let count = 0;
    let kept = 0;
    for (let i = 0; i < bounds.length;) {
      const from = bounds[i] as number;
      let to = bounds[i + 1] as number;
      for (i += 2; i < bounds.length && (bounds[i] as number) <= to; i += 2) to = Math.max(to, bounds[i + 1] as number);
      masked += text.slice(kept, from) + MARK;
      kept = to;
      count += 1;
    }
    return { text: masked + text.slice(kept), count };
  }

  #ordered(): readonly number[] {
    const bounds = this.#bounds;
    for (let i = 2; i < bounds.length; i += 2) {
      if ((bounds[i] as number) < (bounds[i - 2] as number)) return sorted(bounds);
    }
    return bounds;
  }
}

export interface Masked {
  readonly text: string;
  /** How many marks were put. */
  readonly count: number;
}

function sorted(bounds: readonly number[]): number[] {
  const pairs: [number, number][] = [];
  for (let i = 0; i < bounds.length; i += 2) pairs.push([bounds[i] as number, bounds[i + 1] as number]);
  return pairs.toSorted((one, other) => one[0] - other[0]).flat();
}
