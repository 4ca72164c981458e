import type { Uuid } from '../../core/event.ts';
import { flat } from './flat.ts';

/** A parent or a further ancestor. */
export interface Kin {
  readonly pid: number;
  readonly entity_id: Uuid | null;
  readonly name: string | null;
  readonly exe: string | null;
  /** Only a parent has it. */
  readonly args?: readonly string[] | null;
}

/** A power of two. */
const PLACES = 512;

/**
 * Texts of parents and ancestors. One parent has many children, and all that tells it from others are objects that its events share: to
 * compare these is enough.
 */
export class KinTexts<T extends Kin> {
  readonly #make: (kin: T) => string;
  readonly #kin: (T | undefined)[] = [];
  readonly #texts: string[] = [];

  constructor(make: (kin: T) => string) {
    this.#make = make;
    for (let i = 0; i < PLACES; i++) {
      this.#kin.push(undefined);
      this.#texts.push('');
    }
  }

  of(kin: T): string {
    const id = kin.entity_id;
    if (id === null) return this.#make(kin);
    // The brief parent of a FORK has no name; its place is another than that of the same parent in full.
    const place = ((id[15] as number) * 2 + (kin.name === null ? 0 : 1)) & (PLACES - 1);
    const known = this.#kin[place];
    if (known !== undefined && isSame(known, kin)) return this.#texts[place] as string;
    const text = flat(this.#make(kin));
    this.#kin[place] = kin;
    this.#texts[place] = text;
    return text;
  }
}

const isSame = (one: Kin, other: Kin): boolean =>
  one.entity_id === other.entity_id &&
  one.pid === other.pid &&
  one.name === other.name &&
  one.exe === other.exe &&
  (one.args ?? null) === (other.args ?? null);
