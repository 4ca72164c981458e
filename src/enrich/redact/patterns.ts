/**
 * The user's own patterns, in the syntax of RE2: no back-references and no look-around, so that a match takes time in proportion to the text,
 * whatever the pattern. RE2JS is the port of RE2 without native code, which is compiled by nobody's install script; it is held to RE2's own
 * test data and, by fuzzing, to Go's regexp.
 *
 * All patterns are one automaton that says in one pass which of them match at all. Only where they match do those look again, one by one,
 * and that is bounded too: each match may need to see the rest of the text, so that many of them together are no longer linear.
 */
import { RE2JS, RE2Set } from 're2js';
import { AgentError } from '../../core/errors.ts';

/** What of a match is the secret; without a group of this name all of it. */
const SECRET_GROUP = 'secret';

export const MAX_PATTERNS = 64;
export const MAX_PATTERN_LENGTH = 1024;
/** Of RE2's measure of cost; `(?i)license[:=](?P<secret>\S+)` has 14, `[\w-]{200}` about 400. */
const MAX_PROGRAM = 1000;
/** Of the automaton's states, which are made as they are needed; then it begins anew. */
const MAX_AUTOMATON_BYTES = 4 * 1024 * 1024;
/** How often the whole text may be seen for the sake of one pattern, and how many characters besides, before the rest is masked unseen. */
const PASSES = 2;
const FREE_CHARACTERS = 128 * 1024;

/** Throws CONFIG_INVALID with reason and fix. */
export function compilePattern(pattern: string): RE2JS {
  if (pattern.length > MAX_PATTERN_LENGTH) refuse(`is longer than ${MAX_PATTERN_LENGTH} characters`, 'split it into several');
  const compiled = parse(pattern);
  if (compiled.programSize() > MAX_PROGRAM)
    refuse('is too large once its repetitions are written out', 'repeat less, or split it into several');
  if (compiled.test('')) refuse('matches the empty text, and so everything', 'make it match at least one character');
  return compiled;
}

function parse(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    const said = error instanceof Error ? error.message.replace('error parsing regexp: ', '') : String(error);
    return refuse(
      `is not a regular expression of RE2 syntax: ${said}`,
      'see https://github.com/google/re2/wiki/Syntax; there is no look-around',
    );
  }
}

function refuse(reason: string, fix: string): never {
  throw new AgentError('CONFIG_INVALID', reason, { fix });
}

/** Takes a range [from, to) of characters, or of bytes where bytes were searched. */
export type Found = (from: number, to: number) => void;

export class Patterns {
  readonly #patterns: readonly RE2JS[];
  readonly #all = new RE2Set(RE2Set.UNANCHORED, 0, MAX_AUTOMATON_BYTES);

  /** Throws CONFIG_INVALID for the first that is none. */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map((pattern) => compilePattern(pattern));
    for (const pattern of patterns) this.#all.add(pattern);
    this.#all.compile();
  }

  get isEmpty(): boolean {
    return this.#patterns.length === 0;
  }

  /** All secrets in it, in no order; ranges may overlap. Bytes are read as UTF-8. */
  find(subject: string | Uint8Array, found: Found): void {
    if (this.#patterns.length === 0 || subject.length === 0) return;
    for (const index of this.#all.match(subject)) findAll(this.#patterns[index] as RE2JS, subject, found);
  }
}

function findAll(pattern: RE2JS, subject: string | Uint8Array, found: Found): void {
  const matcher = pattern.matcher(subject);
  const hasGroup = Object.hasOwn(pattern.namedGroups(), SECRET_GROUP);
  let budget = PASSES * subject.length + FREE_CHARACTERS;
  let seen = 0;
  while (budget > 0) {
    if (!matcher.find()) return;
    budget -= subject.length - seen;
    seen = matcher.end();
    const isPart = hasGroup && matcher.start(SECRET_GROUP) >= 0;
    if (isPart) found(matcher.start(SECRET_GROUP), matcher.end(SECRET_GROUP));
    else found(matcher.start(), seen);
  }
  found(seen, subject.length);
}
