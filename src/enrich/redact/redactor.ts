import { createHmac } from 'node:crypto';
import { AgentError } from '../../core/errors.ts';
import { ArgvMasker } from './argv-masker.ts';
import type { ArgvFacts, MaskedArgs } from './argv-masker.ts';
import { MARK } from './mark.ts';
import { Patterns } from './patterns.ts';

const MOST_REMEMBERED = 8192;
const LONGEST_REMEMBERED = 256;
/** Of a shorter one all can be tried, and with it the command lines guessed. */
const SHORTEST_KEY = 16;

export interface RedactConfig {
  /** Mask what is known to be a secret anywhere: passwords by name, addresses with credentials, tokens by their looks. */
  readonly defaults: boolean;
  /** RE2 syntax; of a match the group named `secret` is masked, or all of it. */
  readonly patterns: readonly string[];
}

/** An argument vector in which secrets were masked. */
export interface RedactedArgs {
  readonly args: string[];
  /** null where there were no bytes besides. */
  readonly raw: Buffer | null;
  /** How many secrets were masked in it. */
  readonly count: number;
  /** HMAC-SHA-256 of the original: its arguments as bytes, joined by NUL. null without a key. */
  readonly hmac: Buffer | null;
}

export interface Redactor {
  /** null: there is nothing to mask. What is given is not changed. `raw` are the bytes of the same arguments, where they are not UTF-8. */
  argv(args: readonly string[], raw: Uint8Array | null, facts: ArgvFacts): RedactedArgs | null;
  /** The same text where there is nothing to mask. */
  text(text: string): string;
  /** A value under a name, such as a variable of the environment or a label. */
  named(name: string, value: string): string;
  /** How many secrets were masked by `text` and `named` so far. */
  readonly masked: number;
}

/** Throws CONFIG_INVALID for a pattern that is none, or a key that could be guessed. @param hmacKey null: no HMAC */
export function createRedactor(config: RedactConfig, hmacKey: Uint8Array | null): Redactor {
  if (hmacKey !== null && hmacKey.length < SHORTEST_KEY)
    throw new AgentError('CONFIG_INVALID', `the key of the HMAC has ${hmacKey.length} bytes, at least ${SHORTEST_KEY} are needed`, {
      fix: 'make one with: openssl rand -hex 32',
    });
  return new RuleRedactor(config, hmacKey);
}

class RuleRedactor implements Redactor {
  masked = 0;
  readonly #masker: ArgvMasker;
  /** Paths and names come again and again: those without a secret, forgotten all at once when there are many. */
  readonly #clean = new Set<string>();
  readonly #hmacKey: Uint8Array | null;

  constructor(config: RedactConfig, hmacKey: Uint8Array | null) {
    this.#masker = new ArgvMasker(new Patterns(config.patterns), config.defaults);
    this.#hmacKey = hmacKey;
  }

  argv(args: readonly string[], raw: Uint8Array | null, facts: ArgvFacts): RedactedArgs | null {
    const masked = this.#masker.mask({ args, bytes: null }, facts);
    const maskedRaw = raw === null ? null : this.#maskRaw(raw, facts);
    if (masked === null && maskedRaw === null) return null;
    return {
      args: masked?.args ?? args.slice(),
      raw: maskedRaw?.bytes ?? (raw === null ? null : Buffer.from(raw)),
      count: Math.max(masked?.count ?? 0, maskedRaw?.count ?? 0),
      hmac: this.#hmacKey === null ? null : createHmac('sha256', this.#hmacKey).update(original(args, raw)).digest(),
    };
  }

  text(text: string): string {
    if (this.#clean.has(text)) return text;
    const masked = this.#masker.maskText(text);
    if (masked === null) {
      this.#remember(text);
      return text;
    }
    this.masked += masked.count;
    return masked.text;
  }

  #remember(text: string): void {
    if (text.length > LONGEST_REMEMBERED) return;
    if (this.#clean.size >= MOST_REMEMBERED) this.#clean.clear();
    this.#clean.add(text);
  }

  named(name: string, value: string): string {
    const masked = this.text(`${name}=${value}`);
    return masked.startsWith(`${name}=`) ? masked.slice(name.length + 1) : MARK;
  }

  /** Each byte as a character: the rules look at ASCII only, so what they find in the text they find in the bytes. */
  #maskRaw(raw: Uint8Array, facts: ArgvFacts): { readonly bytes: Buffer; readonly count: number } | null {
    const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
    const end = endOfArgs(bytes);
    const masked: MaskedArgs | null = this.#masker.mask({ args: bytes.toString('latin1', 0, end).split('\0'), bytes }, facts);
    if (masked === null) return null;
    return { bytes: Buffer.from(masked.args.join('\0') + bytes.toString('latin1', end), 'latin1'), count: masked.count };
  }
}

/** Without the NUL that ends the last argument. */
function endOfArgs(bytes: Uint8Array): number {
  return bytes.at(-1) === 0 ? bytes.length - 1 : bytes.length;
}

function original(args: readonly string[], raw: Uint8Array | null): Uint8Array | string {
  return raw === null ? args.join('\0') : raw.subarray(0, endOfArgs(raw));
}
