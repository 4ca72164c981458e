import type { ArgvFacts } from './argv-masker.ts';
import type { RedactedArgs, Redactor } from './redactor.ts';

/** To look for it costs more than to search so few characters again. */
const WORTH_KEEPING = 256;

/**
 * What became of argument vectors, as long as somebody holds them: those of a process come with its exec, its end and each of its children.
 * Short ones without a secret are searched again.
 */
export class ArgsCache {
  readonly #redactor: Redactor;
  readonly #known = new WeakMap<readonly string[], Known>();

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  /** null: there is nothing to mask. */
  of(args: readonly string[], raw: Uint8Array | null, facts: ArgvFacts): RedactedArgs | null {
    const known = this.#known.get(args);
    // As a parent's they come without their bytes.
    if (known !== undefined && (known.withRaw || raw === null)) return known.redacted;
    const redacted = this.#redactor.argv(args, raw, facts);
    if (redacted !== null || isLong(args)) this.#known.set(args, { redacted, withRaw: raw !== null });
    return redacted;
  }
}

interface Known {
  readonly redacted: RedactedArgs | null;
  readonly withRaw: boolean;
}

function isLong(args: readonly string[]): boolean {
  let characters = 0;
  for (const arg of args) {
    characters += arg.length;
    if (characters > WORTH_KEEPING) return true;
  }
  return false;
}
