import { copyFile, writeFile } from 'node:fs/promises';
import { TestOperator, userKeys } from '../../helpers/nats/auth.ts';
import type { NatsOptions } from '../../helpers/nats/server-config.ts';
import type { NatsServer } from '../../helpers/nats/server.ts';

export const TOKEN = 'the-right-token';
export const PASSWORD = 'the-right-password';
export const WRONG = 'the-wrong-secret';
const USER = { kind: 'user', user: 'agent', password: PASSWORD } as const;

/** Keys of a NATS sink. */
export type Keys = Readonly<Record<string, unknown>>;

export const operator = new TestOperator();
export const [agentKeys, lateKeys] = [userKeys(), userKeys()];
export const MINUTE_AGO = Math.floor(Date.now() / 1000) - 60;

/** One server for each way to log in. */
export const SERVERS = {
  token: { tls: 'on', auth: { kind: 'token', token: TOKEN } },
  user: { tls: 'on', auth: USER },
  late: { tls: 'on', auth: { ...USER, password: 'the-old-password' } },
  nkey: { tls: 'on', auth: { kind: 'nkey', publicKey: agentKeys.publicKey } },
  creds: { tls: 'on', auth: { kind: 'jwt', operator } },
  limited: { tls: 'on', auth: USER, permissions: { publish: { deny: ['limited.*.exec'] } } },
  mutual: { tls: 'mutual' },
} as const satisfies Record<string, NatsOptions>;
export type ServerName = keyof typeof SERVERS;

export interface Fault {
  readonly at: ServerName;
  readonly keys: Keys;
  /** What the agent says of it, behind the address. */
  readonly says: RegExp;
  readonly fix: RegExp;
  /** undefined: that takes another configuration. */
  readonly mend?: () => Promise<unknown>;
  readonly mended?: Keys;
}

const REFUSED = /the server does not let the agent in: Authorization Violation$/;

/** By the names of their sinks. `file`: the path of a file of the agent's; `createStream`: for the sink whose stream is missing. */
export function faultsOf(
  servers: Readonly<Record<ServerName, NatsServer>>,
  file: (name: string) => string,
  createStream: (server: ServerName, name: string) => Promise<unknown>,
): Record<string, Fault> {
  const { ca, cert, key, otherCa } = servers.mutual.tls;
  const secret = (name: string): string => `file:${file(name)}`;
  const byPassword = { auth: { user: 'agent', password: secret('password') } };
  const mutual = { tls: { ca, cert, key } };
  return {
    'bad-token': {
      at: 'token',
      keys: { auth: { token: secret('bad-token') } },
      says: REFUSED,
      fix: /^Correct auth\.token/,
      mend: () => writeFile(file('bad-token'), TOKEN),
    },
    'bad-password': {
      at: 'late',
      keys: byPassword,
      says: REFUSED,
      fix: /^Correct auth\.user \(now agent\) or auth\.password/,
      mend: () => servers.late.reconfigure({ auth: USER }),
    },
    'bad-nkey': {
      at: 'nkey',
      keys: { auth: { nkey: secret('bad-nkey') } },
      says: REFUSED,
      fix: /^Add the public key of auth\.nkey/,
      mend: () => writeFile(file('bad-nkey'), agentKeys.seed),
    },
    'no-nkey': {
      at: 'nkey',
      keys: { auth: { nkey: secret('no-nkey') } },
      says: /^auth\.nkey is no seed of an NKey$/,
      fix: /^Use the seed of a user, which begins with SU\.$/,
      mend: () => writeFile(file('no-nkey'), agentKeys.seed),
    },
    expired: {
      at: 'creds',
      keys: { auth: { creds: secret('expired') } },
      says: /the server does not let the agent in: /,
      fix: /^Renew auth\.creds/,
      mend: () => writeFile(file('expired'), operator.credentials('agent')),
    },
    stranger: {
      at: 'creds',
      keys: { auth: { creds: secret('stranger') } },
      says: REFUSED,
      fix: /^Renew auth\.creds/,
      mend: () => writeFile(file('stranger'), operator.credentials('agent')),
    },
    anonymous: {
      at: 'user',
      keys: {},
      says: REFUSED,
      fix: /^Add auth to the sink/,
      mended: byPassword,
    },
    plaintext: {
      at: 'user',
      keys: { ...byPassword, tls: 'off' },
      says: /wants TLS$/,
      fix: /^Add tls: /,
      mended: byPassword,
    },
    authority: {
      at: 'mutual',
      keys: { tls: { ca: file('ca.pem'), cert, key } },
      says: /UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
      fix: /^Set tls\.ca \(now \S+\/ca\.pem\) to the PEM file of the authority/,
      mend: () => copyFile(ca, file('ca.pem')),
    },
    certificate: {
      at: 'mutual',
      keys: { tls: { ca } },
      says: /wants a certificate of the agent$/,
      fix: /^Set tls\.cert and tls\.key: /,
      mended: mutual,
    },
    secret: {
      at: 'user',
      keys: { auth: { user: 'agent', password: secret('no-password') } },
      says: /^auth\.password: \S+\/no-password cannot be read: ENOENT$/,
      fix: /^Check the path/,
      mend: () => writeFile(file('no-password'), PASSWORD),
    },
    limited: {
      at: 'limited',
      keys: byPassword,
      says: /limited\.process\.exec/,
      fix: /^Allow the user agent to publish to it, or correct subject in the sink\.$/,
      mend: () => servers.limited.reconfigure({ permissions: {} }),
    },
    missing: {
      at: 'user',
      keys: byPassword,
      says: /missing/,
      fix: /nats stream add missing /,
      mend: () => createStream('user', 'missing'),
    },
    'other-certificate': {
      at: 'mutual',
      keys: { tls: { ca, cert: file('other.pem'), key: file('other-key.pem') } },
      says: /ERR_SSL_TLSV1_ALERT_UNKNOWN_CA$|hangs up on the certificate of the agent$/,
      fix: /^Use a certificate in tls\.cert of an authority that the server trusts\.$/,
      mended: mutual,
    },
    file: {
      at: 'mutual',
      keys: { tls: { ca, cert: file('cert.pem'), key: file('key.pem') } },
      says: /^\S+\/cert\.pem \(tls\.cert\) cannot be read: ENOENT$/,
      fix: /^Check the path/,
      mend: async () => {
        await copyFile(key, file('key.pem'));
        await copyFile(cert, file('cert.pem'));
      },
    },
    'other-ca': {
      at: 'token',
      keys: { tls: { ca: otherCa }, auth: { token: secret('token') } },
      says: /UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
      fix: /^Set tls\.ca/,
      mended: { auth: { token: secret('token') } },
    },
  };
}
