import type { Entry } from './entry.ts';

/** Doubly linked through the entries themselves: moving one allocates nothing. An entry is in at most one list. */
export class EntryList {
  #first: Entry | null = null;
  #last: Entry | null = null;

  get first(): Entry | null {
    return this.#first;
  }

  append(entry: Entry): void {
    entry.previous = this.#last;
    entry.next = null;
    if (this.#last === null) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
  }

  remove(entry: Entry): void {
    if (entry.previous === null) this.#first = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === null) this.#last = entry.previous;
    else entry.next.previous = entry.previous;
    entry.previous = null;
    entry.next = null;
  }

  moveToEnd(entry: Entry): void {
    if (this.#last === entry) return;
    this.remove(entry);
    this.append(entry);
  }
}
