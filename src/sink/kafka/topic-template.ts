import { AgentError } from '../../core/errors.ts';
import type { Encoded } from '../../core/encoded.ts';

/** What stands for a part of a topic's name. */
const TOKENS = ['host_id', 'hostname', 'kind'] as const;
type Token = (typeof TOKENS)[number];

/** Kafka's own bounds. */
const MAX_LENGTH = 249;
const LEGAL = /^[A-Za-z0-9._-]+$/;
const FIX = 'use letters, digits, ., _ and -, up to 249 of them';

export type TopicValues = Readonly<Record<Exclude<Token, 'kind'>, string>>;

/**
 * Name of a topic, or a template of one such as `events-{kind}`. It begins with a literal part, so that what a host calls itself cannot lead events into somebody
 * else's topic.
 */
export class TopicTemplate {
  readonly text: string;
  readonly #parts: readonly string[];

  /** Throws CONFIG_INVALID with reason and fix. */
  constructor(text: string) {
    this.text = text;
    // Odd ones are tokens.
    this.#parts = text.split(/\{([^{}]*)\}/);
    this.#parts.forEach((part, index) => (index % 2 === 0 ? checkLiteral(part) : checkToken(part)));
    if (text === '') throw new AgentError('CONFIG_INVALID', 'is empty', { fix: 'write the name of a topic' });
    if (this.#parts[0] === '')
      throw new AgentError('CONFIG_INVALID', 'must begin with a literal part', { fix: `write one before {${this.#parts[1]}}` });
    if (text === '.' || text === '..') throw new AgentError('CONFIG_INVALID', 'is no name for a topic', { fix: FIX });
    if (text.length > MAX_LENGTH) throw new AgentError('CONFIG_INVALID', `is longer than ${MAX_LENGTH} characters`, { fix: 'shorten it' });
  }

  /** Whether kinds of events have topics of their own. */
  get dependsOnKind(): boolean {
    return this.#parts.some((part, index) => index % 2 === 1 && part === 'kind');
  }

  /** It is the name of one topic. */
  get isFixed(): boolean {
    return this.#parts.length === 1;
  }

  /** Whether a topic may be one of these. */
  matches(name: string): boolean {
    const parts = this.#parts.map((part, index) => (index % 2 === 0 ? part.replaceAll('.', '\\.') : '[A-Za-z0-9._-]+'));
    return new RegExp(`^${parts.join('')}$`).test(name);
  }

  /** The topic of an event; what Kafka does not allow in a name is `_`. */
  nameFor({ kind }: Pick<Encoded, 'kind'>, values: TopicValues): string {
    const all: Record<Token, string> = { ...values, kind: kind.toLowerCase() };
    const name = this.#parts
      .map((part, index) => (index % 2 === 0 ? part : all[part as Token].replaceAll(/[^A-Za-z0-9._-]/g, '_')))
      .join('');
    return name.slice(0, MAX_LENGTH);
  }
}

function checkLiteral(part: string): void {
  if (part !== '' && !LEGAL.test(part))
    throw new AgentError('CONFIG_INVALID', 'holds characters that are not allowed in the name of a topic', { fix: FIX });
}

function checkToken(token: string): void {
  if ((TOKENS as readonly string[]).includes(token)) return;
  throw new AgentError('CONFIG_INVALID', `holds {${token}}, which stands for nothing`, {
    fix: `use ${TOKENS.map((known) => `{${known}}`).join(', ')}`,
  });
}
