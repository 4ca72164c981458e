/**
 * An authorization server of OAuth 2 on loopback, with the two things that Kafka and its clients want of one: `POST /token` gives an access token for
 * client credentials (RFC 6749, 4.4), `GET /jwks` the key that brokers check it with (RFC 7517). Tokens are JWTs signed with RS256.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { AGENT } from './users.ts';

const KEY_ID = 'test';
export const ISSUER = 'https://login.test/';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export class OAuthServer {
  /** Of a token from now on. */
  lifetimeSeconds = 3600;
  /** What requests for a token are answered with meanwhile instead of 200. */
  refuseWith: number | undefined;
  tokensGiven = 0;
  readonly #keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  static async start(): Promise<OAuthServer> {
    const oauth = new OAuthServer();
    await new Promise<void>((listening, failed) => {
      oauth.#server.once('error', failed).listen(0, '127.0.0.1', listening);
    });
    return oauth;
  }

  get tokenUrl(): string {
    return `${this.#url()}/token`;
  }

  get jwksUrl(): string {
    return `${this.#url()}/jwks`;
  }

  /** A token as `/token` would give it, with other claims where a test wants them. */
  token(claims: object = {}): string {
    const now = Date.now() / 1000;
    // Whole seconds, and no sooner than it is said to end.
    const usual = { iss: ISSUER, sub: AGENT.username, scope: 'kafka', iat: Math.floor(now), exp: Math.ceil(now + this.lifetimeSeconds) };
    const signed = `${encode({ alg: 'RS256', typ: 'JWT', kid: KEY_ID })}.${encode({ ...usual, ...claims })}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), this.#keys.privateKey).toString('base64url')}`;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((closed) => this.#server.close(() => closed()));
  }

  #url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const [status, answer] =
      request.url === '/jwks' ? [200, this.#jwks()] : request.url === '/token' ? this.#grant(request, body) : [404, {}];
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
  }

  #jwks(): object {
    return { keys: [{ ...this.#keys.publicKey.export({ format: 'jwk' }), kid: KEY_ID, use: 'sig', alg: 'RS256' }] };
  }

  #grant(request: IncomingMessage, body: string): [number, object] {
    if (this.refuseWith !== undefined) return [this.refuseWith, { error: 'temporarily_unavailable' }];
    const form = new URLSearchParams(body);
    if (request.method !== 'POST' || form.get('grant_type') !== 'client_credentials') return [400, { error: 'unsupported_grant_type' }];
    if (!isAgent(request.headers.authorization, form)) return [401, { error: 'invalid_client' }];
    this.tokensGiven++;
    return [200, { access_token: this.token(), token_type: 'Bearer', expires_in: this.lifetimeSeconds }];
  }
}

/** Credentials come in the header, or in the form (RFC 6749, 2.3.1). */
function isAgent(header: string | undefined, form: URLSearchParams): boolean {
  const basic = Buffer.from(`${AGENT.username}:${AGENT.password}`).toString('base64');
  if (header !== undefined) return header === `Basic ${basic}`;
  return form.get('client_id') === AGENT.username && form.get('client_secret') === AGENT.password;
}
