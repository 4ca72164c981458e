import { describe, expect, test } from 'vitest';
import { AgentError } from '../../../../src/core/errors.ts';
import type { AuthConfig } from '../../../../src/sink/nats/config.ts';
import { connectFault, permissionFault } from '../../../../src/sink/nats/explain.ts';

const server = { host: 'n1', port: 4222, encrypted: false };
const secret = { from: 'env', name: 'X' } as const;
const files = { ca: null, cert: null, key: null, serverName: null };
const coded = (code: string): Error => Object.assign(new Error('x'), { code });
const wrapped = (code: string): Error => new Error('connection refused', { cause: coded(code) });
const named = (name: string, message: string, more: object = {}): Error => Object.assign(new Error(message), { name, ...more });
const fault = (thrown: unknown, tls: typeof files | null = null, auth: AuthConfig | null = null) =>
  connectFault(thrown, server, { tls, auth });

describe('why a server could not be connected to', () => {
  test.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ETIMEDOUT', 'ECONNRESET'])('passes with time: %s', (code) => {
    for (const error of [coded(code), wrapped(code)]) {
      expect(fault(error)).toMatchObject({ code: 'SINK_UNREACHABLE', fix: expect.any(String) as string, cause: error });
      expect(fault(error).message).toMatch(/^n1:4222/);
    }
  });

  test.each([
    ['CERT_HAS_EXPIRED', null, /renewed/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', null, /tls\.server_name/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', null, /^Set tls\.ca to/],
    ['SELF_SIGNED_CERT_IN_CHAIN', files, /^Set tls\.ca to/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', { ...files, ca: '/ca.pem' }, /^Set tls\.ca \(now \/ca\.pem\) to/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', files, /tls\.cert and tls\.key/],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', files, /tls\.cert and tls\.key/],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', { ...files, cert: '/c.pem' }, /authority that the server trusts/],
    ['ERR_OSSL_PEM_NO_START_LINE', files, /Check tls\.ca/],
  ])('is a matter of TLS: %s', (code, tls, fix) => {
    expect(fault(coded(code), tls as typeof files | null)).toMatchObject({
      code: 'SINK_REFUSED',
      fix: expect.stringMatching(fix) as string,
    });
  });

  test.each<[AuthConfig | null, RegExp]>([
    [null, /^Add auth/],
    [{ kind: 'token', secret }, /auth\.token/],
    [{ kind: 'password', user: 'bob\u001b', secret }, /auth\.user \(now bob\\x1b\)/],
    [{ kind: 'nkey', secret }, /auth\.nkey/],
    [{ kind: 'creds', secret }, /auth\.creds/],
  ])('is who the agent is: %j', (auth, fix) => {
    for (const name of ['AuthorizationError', 'UserAuthenticationExpiredError'])
      expect(fault(named(name, 'Authorization Violation'), null, auth)).toMatchObject({
        code: 'SINK_REFUSED',
        fix: expect.stringMatching(fix) as string,
      });
  });

  test('stays as it was said already, with something to do about it', () => {
    const said = new AgentError('SINK_REFUSED', 'no', { fix: 'do' });
    expect(fault(said)).toBe(said);
    const bare = new AgentError('SINK_UNREACHABLE', 'n1:4222: ECONNREFUSED', { cause: coded('ECONNREFUSED'), context: { a: 1 } });
    expect(fault(bare)).toMatchObject({
      code: 'SINK_UNREACHABLE',
      message: bare.message,
      context: { a: 1 },
      fix: expect.stringContaining('Start the server') as string,
    });
  });

  test('is known also where the client gives no reason, or one that is not fit to print', () => {
    expect(fault(undefined)).toMatchObject({ code: 'SINK_UNREACHABLE', message: 'n1:4222: the connection was closed' });
    expect(fault(new Error('\u001b[31mred')).message).toBe('n1:4222: \\x1b[31mred');
  });
});

describe('what the agent may not do', () => {
  const violation = (operation: string, subject?: string): Error =>
    named('PermissionViolationError', 'Permissions Violation', { operation, subject });

  test('is to publish to a subject, or to hear the answers', () => {
    expect(permissionFault(violation('publish', 'f.a'), { auth: null })).toMatchObject({
      code: 'SINK_REFUSED',
      message: 'the agent may not publish to f.a',
      fix: expect.stringContaining('correct subject') as string,
    });
    expect(permissionFault(violation('subscription', '_INBOX.a.*'), { auth: { kind: 'password', user: 'bob', secret } })).toMatchObject({
      code: 'SINK_REFUSED',
      message: 'the user bob may not subscribe to _INBOX.a.*, where acknowledgements come to',
      fix: expect.stringContaining('inbox_prefix') as string,
    });
  });

  test('is no matter of other errors', () => {
    expect(permissionFault(new Error('x'), { auth: null })).toBeUndefined();
    expect(permissionFault(violation('publish'), { auth: null })).toBeUndefined();
  });
});
