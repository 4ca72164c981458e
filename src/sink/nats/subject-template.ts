import type { Encoded } from '../../core/encoded.ts';
import { AgentError } from '../../core/errors.ts';

/** What stands for a token of a subject. */
const TOKENS = ['host', 'host_id', 'kind'] as const;
type Token = (typeof TOKENS)[number];

export type SubjectValues = Readonly<Record<Exclude<Token, 'kind'>, string>>;

/** Far below what servers take, so that a long host name fits beside it. */
const MAX_LENGTH = 200;
/** A host name has 64 bytes on Linux; ids have fewer. */
const MAX_VALUE = 64;
/** Neither separators nor wildcards, and nothing that a line of the protocol could end with. */
const ILLEGAL = /[^A-Za-z0-9_-]/g;
const LITERAL = /^[A-Za-z0-9_.-]*$/;
const FIX = 'use letters, digits, _ and -, with a dot between tokens';

/**
 * Subject of events, such as `forkcast.{host}.process.{kind}`. It begins with a literal token, so that what a host calls itself cannot lead events to somebody
 * else's subject, and a stream can take them all.
 */
export class SubjectTemplate {
  readonly text: string;
  readonly #parts: readonly string[];

  /** Throws CONFIG_INVALID with reason and fix. */
  constructor(text: string) {
    this.text = text;
    // Odd ones are tokens.
    this.#parts = text.split(/\{([^{}]*)\}/);
    if (text === '') throw invalid('is empty', 'write a subject, such as forkcast.{host}.process.{kind}');
    if (text.length > MAX_LENGTH) throw invalid(`is longer than ${MAX_LENGTH} characters`, 'shorten it');
    this.#parts.forEach((part, index) => (index % 2 === 0 ? checkLiteral(part) : checkToken(part)));
    const tokens = text.split('.');
    if (tokens.includes('')) throw invalid('has a token that is empty', 'write one dot between tokens, and none at either end');
    if ((tokens[0] as string).includes('{')) throw invalid('must begin with a literal token', `write one before it: forkcast.${text}`);
  }

  get dependsOnKind(): boolean {
    return this.#parts.some((part, index) => index % 2 === 1 && part === 'kind');
  }

  /** What all its subjects have in common: the subject with `*` for what differs. */
  get wildcard(): string {
    return this.text
      .split('.')
      .map((token) => (token.includes('{') ? '*' : token))
      .join('.');
  }

  /** Its first token. */
  get root(): string {
    return this.text.split('.')[0] as string;
  }

  /** Of what the agent says of itself, where nobody gave it a subject: `agent` in place of `process`. Undefined where that is no token. */
  get ofAgent(): string | undefined {
    const tokens = this.text.split('.');
    const index = tokens.lastIndexOf('process');
    return index < 0 ? undefined : tokens.with(index, 'agent').join('.');
  }

  /** Whether both have a subject in common, whatever hosts are called. */
  meets(other: SubjectTemplate): boolean {
    const [mine, theirs] = [this.wildcard.split('.'), other.wildcard.split('.')];
    return mine.length === theirs.length && mine.every((token, i) => token === theirs[i] || token === '*' || theirs[i] === '*');
  }

  /** The subject of an event; what must not be in a token is `_`. */
  subjectFor({ kind }: Pick<Encoded, 'kind'>, values: SubjectValues): string {
    const all: Record<Token, string> = { ...values, kind: kind.toLowerCase() };
    return this.#parts.map((part, index) => (index % 2 === 0 ? part : token(all[part as Token]))).join('');
  }
}

function token(value: string): string {
  return value === '' ? '_' : value.slice(0, MAX_VALUE).replaceAll(ILLEGAL, '_');
}

function checkLiteral(part: string): void {
  if (!LITERAL.test(part)) throw invalid('holds characters that are not allowed here', FIX);
}

function checkToken(name: string): void {
  if ((TOKENS as readonly string[]).includes(name)) return;
  throw invalid(`holds {${name}}, which stands for nothing`, `use ${TOKENS.map((known) => `{${known}}`).join(', ')}`);
}

function invalid(reason: string, fix: string): AgentError {
  return new AgentError('CONFIG_INVALID', reason, { fix });
}
