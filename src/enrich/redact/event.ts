/**
 * All of an event that may carry a secret, in one place: after enrichment and filters, which work with what is true, and before anything is
 * stored, shown or sent. Fields that are not here hold numbers, ids or words of our own; a test goes through the schema and knows which.
 * The labels of the host are the user's own words and stay.
 */
import type { AnyEvent } from '../../core/any-event.ts';
import type { Ancestor, Container, Parent, ProcessEvent, ProcessInfo } from '../../core/event.ts';
import { gapOfArgs } from '../procfs/cmdline.ts';
import { ArgsCache } from './args-cache.ts';
import type { ArgvFacts } from './argv-masker.ts';
import type { RedactedArgs, Redactor } from './redactor.ts';

function factsOf(args: readonly string[], exe: string | null, truncated: boolean): ArgvFacts {
  const cutBefore = gapOfArgs(args);
  return cutBefore === undefined ? { exe, truncated } : { exe, truncated, cutBefore };
}

/** Totals of the run. */
export interface RedactCounters {
  /** Events in which something was masked. */
  events: number;
  /** Secrets masked in events: the sum of their `privacy.redacted`. */
  secrets: number;
}

/**
 * Masks the secrets of an event in the event itself and says in `privacy` how many. Arrays and containers, which events share, are replaced
 * and not changed; arguments are searched once for each array, so once for each image of a process.
 */
export class EventRedactor {
  readonly counters: RedactCounters = { events: 0, secrets: 0 };
  readonly #redactor: Redactor;
  readonly #args: ArgsCache;
  readonly #containers = new WeakMap<Container, { readonly container: Container; readonly count: number }>();
  /** Secrets masked in the event at hand. */
  #count = 0;

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
    this.#args = new ArgsCache(redactor);
  }

  /** Returns the same event. */
  apply<E extends AnyEvent>(any: E): E {
    if (any.stream === 'process') this.#process(any.event);
    else if (any.event.throttle !== null) any.event.throttle.key = this.#redactor.text(any.event.throttle.key);
    return any;
  }

  #process(event: ProcessEvent): void {
    const before = this.#redactor.masked;
    this.#count = 0;
    const args = this.#info(event.process);
    if (event.parent !== null) this.#parent(event.parent);
    if (event.container !== null) event.container = this.#container(event.container);
    if (event.exec !== null) event.exec.filename = this.#text(event.exec.filename);
    if (event.comm !== null) {
      event.comm.old = this.#text(event.comm.old);
      event.comm.new = this.#redactor.text(event.comm.new);
    }
    this.#note(event, { count: this.#count + this.#redactor.masked - before, args });
  }

  #note(event: ProcessEvent, { count, args }: { readonly count: number; readonly args: RedactedArgs | null }): void {
    if (count === 0) return;
    this.counters.events += 1;
    this.counters.secrets += count;
    event.privacy = {
      redacted: count + (event.privacy?.redacted ?? 0),
      args_hmac: event.privacy?.args_hmac ?? args?.hmac ?? null,
    };
  }

  #info(process: ProcessInfo): RedactedArgs | null {
    const redacted =
      process.args === null
        ? null
        : this.#args.of(process.args, process.args_raw, factsOf(process.args, process.exe, process.args_truncated));
    if (redacted !== null) {
      this.#count += redacted.count;
      process.args = redacted.args;
      process.args_raw = redacted.raw;
    }
    process.name = this.#text(process.name);
    process.exe = this.#text(process.exe);
    process.cwd = this.#text(process.cwd);
    process.cgroup = this.#text(process.cgroup);
    if (process.script !== null) {
      const { interpreter, path } = process.script;
      process.script = { interpreter: this.#redactor.text(interpreter), path: this.#redactor.text(path) };
    }
    if (process.env !== null) process.env = this.#map(process.env);
    return redacted;
  }

  #parent(parent: Parent): void {
    // Whether a parent's are whole is not said.
    const redacted = parent.args === null ? null : this.#args.of(parent.args, null, factsOf(parent.args, parent.exe, true));
    if (redacted !== null) {
      this.#count += redacted.count;
      parent.args = redacted.args;
    }
    parent.name = this.#text(parent.name);
    parent.exe = this.#text(parent.exe);
    if (parent.ancestors !== null) parent.ancestors = this.#ancestors(parent.ancestors);
  }

  #ancestors(ancestors: Ancestor[]): Ancestor[] {
    let changed: Ancestor[] | null = null;
    for (let i = 0; i < ancestors.length; i++) {
      const ancestor = ancestors[i] as Ancestor;
      const name = this.#text(ancestor.name);
      const exe = this.#text(ancestor.exe);
      if (name === ancestor.name && exe === ancestor.exe) continue;
      changed ??= ancestors.slice();
      changed[i] = { ...ancestor, name, exe };
    }
    return changed ?? ancestors;
  }

  #container(container: Container): Container {
    let known = this.#containers.get(container);
    if (known === undefined) {
      const before = this.#redactor.masked;
      const made = this.#maskContainer(container);
      known = { container: this.#redactor.masked === before ? container : made, count: this.#redactor.masked - before };
      this.#containers.set(container, known);
      return known.container;
    }
    this.#count += known.count;
    return known.container;
  }

  #maskContainer(container: Container): Container {
    return {
      ...container,
      name: this.#text(container.name),
      image: this.#text(container.image),
      image_id: this.#text(container.image_id),
      pod_name: this.#text(container.pod_name),
      namespace: this.#text(container.namespace),
      labels: container.labels === null ? null : this.#map(container.labels),
    };
  }

  #map(values: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => [this.#redactor.text(name), this.#redactor.named(name, value)]),
    );
  }

  #text(text: string | null): string | null {
    return text === null ? null : this.#redactor.text(text);
  }
}
