import type { Entry } from './segment.ts';
import { LinkedList } from '../memory/linked-list.ts';
import type { Link } from '../memory/linked-list.ts';

/** Accepted batches that are in memory only and were not handed out, in their order. */
export class Backlog {
  readonly #list = new LinkedList<Entry>();
  #bytes = 0;
  #records = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get records(): number {
    return this.#records;
  }

  get first(): Entry | undefined {
    return this.#list.first?.value;
  }

  append(entry: Entry): void {
    this.#list.append(entry);
    this.#count(entry, 1);
  }

  /** Puts older ones, in their order, before all that are there. */
  prepend(entries: readonly Entry[]): void {
    const before: Link<Entry> | undefined = this.#list.first;
    for (const entry of entries) {
      this.#list.insertBefore(entry, before);
      this.#count(entry, 1);
    }
  }

  shift(): Entry | undefined {
    const entry = this.#list.shift();
    if (entry !== undefined) this.#count(entry, -1);
    return entry;
  }

  #count(entry: Entry, sign: 1 | -1): void {
    this.#bytes += sign * entry.bytes;
    this.#records += sign * entry.records;
  }
}
