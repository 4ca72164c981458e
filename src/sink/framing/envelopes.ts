import type { Encoded, Origin } from '../../core/encoded.ts';
import type { RecordStream } from '../../core/event.ts';

/** What many records have in common, as it was made. */
export interface Made<T> {
  readonly envelope: T;
  /** Whether it would be the same if it were made now. Absent: always. Cheap enough for each batch. */
  readonly isCurrent?: (() => boolean) | undefined;
}

interface Kept<T> extends Made<T> {
  /** When it was looked at last, as a number of `refresh`. */
  checkedAt: number;
}

/** By kind, of each stream. */
type Known<T> = Readonly<Record<RecordStream, Map<string, Kept<T>>>>;

/** One envelope for each stream and run of the agent, and for each kind where they differ by it: made once, and anew where it is no longer current after a `refresh`. */
export class Envelopes<T> {
  readonly #make: (event: Encoded) => Promise<Made<T>>;
  readonly #byKind: boolean;
  readonly #own: Known<T> = { process: new Map(), agent: new Map() };
  readonly #others = new WeakMap<Origin, Known<T>>();
  #refreshes = 0;

  constructor(make: (event: Encoded) => Promise<Made<T>>, byKind: boolean) {
    this.#make = make;
    this.#byKind = byKind;
  }

  /** Said before each batch: what they are made from may have changed since the last. */
  refresh(): void {
    this.#refreshes += 1;
  }

  /** At once where it is known. Rejects with what making it rejects with. */
  of(event: Encoded): T | Promise<T> {
    const known = this.#knownFor(event.origin)[event.stream];
    const name = this.#byKind ? event.kind : '';
    const found = known.get(name);
    if (found !== undefined && (found.checkedAt === this.#refreshes || this.#isStillCurrent(found))) return found.envelope;
    // Of the time before it is waited for: it may have changed when it comes.
    const checkedAt = this.#refreshes;
    return this.#make(event).then((made) => {
      known.set(name, { ...made, checkedAt });
      return made.envelope;
    });
  }

  #knownFor(origin: Origin | undefined): Known<T> {
    if (origin === undefined) return this.#own;
    let known = this.#others.get(origin);
    if (known === undefined) {
      known = { process: new Map(), agent: new Map() };
      this.#others.set(origin, known);
    }
    return known;
  }

  #isStillCurrent(kept: Kept<T>): boolean {
    if (kept.isCurrent?.() === false) return false;
    kept.checkedAt = this.#refreshes;
    return true;
  }
}
