/** An element's place in its list; given back by the insertion, taken by `remove`. */
export interface Link<T> {
  readonly value: T;
  previous: Link<T> | undefined;
  next: Link<T> | undefined;
  listed: boolean;
}

/** Doubly linked: O(1) at both ends and at any known place, which an array offers at one end only. */
export class LinkedList<T> {
  #first: Link<T> | undefined;
  #last: Link<T> | undefined;

  get first(): Link<T> | undefined {
    return this.#first;
  }

  append(value: T): Link<T> {
    return this.#insert(value, this.#last, undefined);
  }

  /** Inserts before `next`; at the end where `next` is undefined. */
  insertBefore(value: T, next: Link<T> | undefined): Link<T> {
    return next === undefined ? this.append(value) : this.#insert(value, next.previous, next);
  }

  shift(): T | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    this.remove(first);
    return first.value;
  }

  /** No effect on an element that is no longer in the list. */
  remove(link: Link<T>): void {
    if (!link.listed) return;
    if (link.previous === undefined) this.#first = link.next;
    else link.previous.next = link.next;
    if (link.next === undefined) this.#last = link.previous;
    else link.next.previous = link.previous;
    link.listed = false;
    link.previous = undefined;
    link.next = undefined;
  }

  #insert(value: T, previous: Link<T> | undefined, next: Link<T> | undefined): Link<T> {
    const link: Link<T> = { value, previous, next, listed: true };
    if (previous === undefined) this.#first = link;
    else previous.next = link;
    if (next === undefined) this.#last = link;
    else next.previous = link;
    return link;
  }
}
