import { AgentError } from '../../core/errors.ts';
import { escapeText } from '../../core/text.ts';
import { exchange } from '../http/exchange.ts';
import type { TlsMaterial } from '../security/tls.ts';
import type { Credentials } from './settings.ts';

export interface TokenSourceOptions {
  readonly url: string;
  /** Client id and secret, read anew for each token. */
  readonly credentials: () => Credentials;
  readonly scope: string | null;
  readonly tls: () => TlsMaterial;
  readonly timeoutMs: number;
}

/** Of its lifetime: then a new one is asked for. */
const RENEW_AFTER = 0.8;
/** Where the server does not say. */
const LIFETIME_MS = 300_000;
const MEDIA_TYPE = 'application/x-www-form-urlencoded';

/** Tokens by OAuth 2.0's client credentials grant (RFC 6749, 4.4), each used until it is about to expire. */
export class TokenSource {
  readonly #options: TokenSourceOptions;
  #token: { readonly text: string; readonly untilMs: number } | undefined;
  #asked: Promise<string> | undefined;

  constructor(options: TokenSourceOptions) {
    this.#options = options;
  }

  /** Throws SINK_UNREACHABLE and SINK_REFUSED. */
  token(): Promise<string> {
    const { text, untilMs = 0 } = this.#token ?? {};
    if (text !== undefined && performance.now() < untilMs) return Promise.resolve(text);
    this.#asked ??= this.#ask().finally(() => (this.#asked = undefined));
    return this.#asked;
  }

  /** The last one is of no use, however long it was to be. */
  forget(): void {
    this.#token = undefined;
  }

  async #ask(): Promise<string> {
    const { url, credentials, scope, tls, timeoutMs } = this.#options;
    const { username, password } = credentials();
    const basic = Buffer.from(`${encodeURIComponent(username)}:${encodeURIComponent(password)}`).toString('base64');
    const body = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === null ? {} : { scope }) }).toString();
    const request = {
      method: 'POST',
      url: new URL(url),
      headers: { Authorization: `Basic ${basic}` },
      body,
      mediaType: MEDIA_TYPE,
      tls: tls(),
    } as const;
    const answer = await exchange(request, AbortSignal.timeout(timeoutMs)).catch((cause: unknown) => {
      throw new AgentError('SINK_UNREACHABLE', `no token is to be had from ${url}: ${(cause as Error).message}`, { cause });
    });
    const { access_token: text, expires_in: seconds } = this.#understood(answer);
    if (typeof text !== 'string' || text === '') throw this.#refused(`answers without a token`);
    const lifetimeMs = typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : LIFETIME_MS;
    this.#token = { text, untilMs: performance.now() + lifetimeMs * RENEW_AFTER };
    return text;
  }

  #understood({ status, body }: { readonly status: number; readonly body: string }): { access_token?: unknown; expires_in?: unknown } {
    const json = parsed(body);
    if (status === 200) return json;
    const said = typeof json['error'] === 'string' ? `: ${escapeText(json['error'].slice(0, 100))}` : '';
    if (status >= 500)
      throw new AgentError('SINK_UNREACHABLE', `no token is to be had from ${this.#options.url}: it answers ${status}${said}`);
    throw this.#refused(`answers ${status}${said}`);
  }

  #refused(what: string): AgentError {
    return new AgentError('SINK_REFUSED', `no token is to be had: ${this.#options.url} ${what}`, {
      fix: 'Check sasl.token_url, sasl.username (the client id), sasl.password (its secret) and sasl.scope.',
    });
  }
}

function parsed(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    // Whoever answers in another way says nothing that could be used; its status counts.
    return {};
  }
}
