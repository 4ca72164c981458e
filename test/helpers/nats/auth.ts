import { randomUUID } from 'node:crypto';
import { credsAuthenticator, nkeyAuthenticator, nkeys } from '@nats-io/transport-node';
import type { ConnectionOptions } from '@nats-io/transport-node';

/** Subjects. */
interface AllowDeny {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

export interface Permissions {
  readonly publish?: AllowDeny;
  readonly subscribe?: AllowDeny;
}

/** How the agent logs in. Besides, where there are users, there is one who may do everything: see `adminLogin`. */
export type NatsAuth =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'user'; readonly user: string; readonly password: string }
  | { readonly kind: 'nkey'; readonly publicKey: string }
  | { readonly kind: 'jwt'; readonly operator: TestOperator };

export interface NKeyPair {
  /** `U…` of a user. */
  readonly publicKey: string;
  /** `SU…` of a user. */
  readonly seed: string;
}

export function userKeys(): NKeyPair {
  return textOf(nkeys.createUser());
}

function textOf(pair: nkeys.KeyPair): NKeyPair {
  return { publicKey: pair.getPublicKey(), seed: Buffer.from(pair.getSeed()).toString() };
}

const ADMIN = { user: 'admin', pass: 'admin-secret', keys: userKeys() };

/** Entries of a server's configuration. `permissions` are the agent's; those of a token or a JWT are not the server's to give. */
export function authEntries(auth: NatsAuth, permissions: Permissions = {}): Record<string, unknown> {
  // A busy machine takes its time.
  const timeout = 10;
  switch (auth.kind) {
    case 'token':
      return { authorization: { timeout, token: auth.token } };
    case 'user': {
      const agent = { user: auth.user, password: auth.password, permissions };
      return { authorization: { timeout, users: [agent, { user: ADMIN.user, password: ADMIN.pass }] } };
    }
    case 'nkey':
      return { authorization: { timeout, users: [{ nkey: auth.publicKey, permissions }, { nkey: ADMIN.keys.publicKey }] } };
    case 'jwt':
      return { authorization: { timeout }, ...auth.operator.entries() };
  }
}

/** What a client gives that may do everything. */
export function adminLogin(auth: NatsAuth | undefined): ConnectionOptions {
  switch (auth?.kind) {
    case undefined:
      return {};
    case 'token':
      return { token: auth.token };
    case 'user':
      return { user: ADMIN.user, pass: ADMIN.pass };
    case 'nkey':
      return { authenticator: nkeyAuthenticator(Buffer.from(ADMIN.keys.seed)) };
    case 'jwt':
      return { authenticator: credsAuthenticator(Buffer.from(auth.operator.credentials('admin'))) };
  }
}

const UNLIMITED = { subs: -1, data: -1, payload: -1 };
const ACCOUNT_LIMITS = { ...UNLIMITED, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
const JETSTREAM_LIMITS = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/** An operator, who vouches for one account besides that of the system, which vouches for its users: the server knows none of them. */
export class TestOperator {
  readonly #keys = nkeys.createOperator();
  readonly #account = nkeys.createAccount();
  readonly #system = nkeys.createAccount();

  /** Entries of a server's configuration. */
  entries(): Record<string, unknown> {
    const operator = this.#keys.getPublicKey();
    const [account, system] = [this.#account.getPublicKey(), this.#system.getPublicKey()];
    const claims = (name: string, more: object): Claims => ({ name, nats: { type: 'account', limits: { ...ACCOUNT_LIMITS, ...more } } });
    return {
      operator: jwt(this.#keys, operator, { name: 'operator', nats: { type: 'operator', system_account: system } }),
      system_account: system,
      resolver: 'MEMORY',
      resolver_preload: {
        [account]: jwt(this.#keys, account, claims('events', JETSTREAM_LIMITS)),
        [system]: jwt(this.#keys, system, claims('system', {})),
      },
    };
  }

  /** Text of a .creds file. `expires`: in seconds since 1970. */
  credentials(name: string, of: { permissions?: Permissions; expires?: number } = {}): string {
    const user = nkeys.createUser();
    const { publicKey, seed } = textOf(user);
    const { publish = {}, subscribe = {} } = of.permissions ?? {};
    const nats = { type: 'user', pub: publish, sub: subscribe, ...UNLIMITED };
    const signed = jwt(this.#account, publicKey, { name, nats, ...(of.expires === undefined ? {} : { exp: of.expires }) });
    return `-----BEGIN NATS USER JWT-----
${signed}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seed}
------END USER NKEY SEED------
`;
  }
}

interface Claims {
  readonly nats: object;
  readonly [claim: string]: unknown;
}

/** A JWT of NATS, version 2: as RFC 7519, but signed with an NKey. */
function jwt(issuer: nkeys.KeyPair, subject: string, claims: Claims): string {
  const iat = Math.floor(Date.now() / 1000);
  const body = { jti: randomUUID(), iat, iss: issuer.getPublicKey(), sub: subject, ...claims, nats: { version: 2, ...claims.nats } };
  const signed = `${base64url({ typ: 'JWT', alg: 'ed25519-nkey' })}.${base64url(body)}`;
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`;
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
