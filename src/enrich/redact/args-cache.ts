import type { ArgvFacts } from './argv-masker.ts';
import type { RedactedArgs, Redactor } from './redactor.ts';

interface Known {
  /** null: there is nothing to mask. */
  readonly redacted: RedactedArgs | null;
  readonly withRaw: boolean;
}

const CLEAN: Known = { redacted: null, withRaw: false };
const CLEAN_WITH_RAW: Known = { redacted: null, withRaw: true };

/** What became of argument vectors, as long as somebody holds them: those of a process come with its exec, its end and each of its children. */
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
    const withRaw = raw !== null;
    this.#known.set(args, redacted === null ? (withRaw ? CLEAN_WITH_RAW : CLEAN) : { redacted, withRaw });
    return redacted;
  }
}
