import type { Entry, Place } from './segment.ts';
import type { DoneFrame } from './position-file.ts';
import { LinkedList } from '../memory/linked-list.ts';

/** Of frames that are done beyond the first that is not. */
const MAX_TOLD = 250;
/** Beyond this the reader waits for the first that is not done: each costs memory until then. */
const MAX_ENTRIES = 16_384;

/** Entries that were handed out, in the order of acceptance, from the first that is not done. */
export class HandedOut {
  readonly #list = new LinkedList<Entry>();
  #length = 0;

  get full(): boolean {
    return this.#length >= MAX_ENTRIES;
  }

  /** The first that is not done. */
  get first(): Entry | undefined {
    return this.#list.first?.value;
  }

  append(entry: Entry): void {
    this.#list.append(entry);
    this.#length += 1;
  }

  /** One that an earlier run had done; of no interest where nothing before it waits. */
  appendDone(place: Place, records: number): void {
    if (this.first === undefined) return;
    this.append({
      serial: 0,
      records,
      sequenced: 0,
      order: 0,
      highest: 0,
      bytes: 0,
      batch: undefined,
      frame: undefined,
      place,
      state: 'done',
    });
  }

  /** To be called when one was done. */
  advance(): void {
    while (this.#list.first?.value.state === 'done') {
      this.#list.shift();
      this.#length -= 1;
    }
  }

  /** Not done, and in memory only; in order. */
  unplaced(): readonly Entry[] {
    const found: Entry[] = [];
    for (let link = this.#list.first; link !== undefined; link = link.next)
      if (link.value.place === undefined && link.value.state !== 'done') found.push(link.value);
    return found;
  }

  doneBeyondFirst(): DoneFrame[] {
    const found: DoneFrame[] = [];
    for (let link = this.#list.first; link !== undefined && found.length < MAX_TOLD; link = link.next) {
      const { state, place, records } = link.value;
      if (state === 'done' && place !== undefined) found.push({ segment: place.segment.number, offset: place.offset, records });
    }
    return found;
  }
}
