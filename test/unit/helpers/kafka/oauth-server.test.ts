import { createPublicKey, verify } from 'node:crypto';
import type { JsonWebKey } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OAuthServer } from '../../../helpers/kafka/oauth-server.ts';

const decode = (part: string | undefined): object => JSON.parse(Buffer.from(part ?? '', 'base64url').toString()) as object;

describe('the authorization server', () => {
  let server: OAuthServer;

  beforeEach(async () => {
    server = await OAuthServer.start();
  });

  afterEach(() => server.close());

  const ask = (form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(server.tokenUrl, { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', ...form }), headers });

  it('gives tokens that its published key proves', async () => {
    const answer = (await (await ask({ client_id: 'agent', client_secret: 'agent-secret' })).json()) as { access_token: string };
    const { keys } = (await (await fetch(server.jwksUrl)).json()) as { keys: JsonWebKey[] };
    const [header, claims, signature] = answer.access_token.split('.');
    const key = createPublicKey({ key: keys[0] as JsonWebKey, format: 'jwk' });
    expect(verify('sha256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature ?? '', 'base64url'))).toBe(true);
    expect(decode(claims)).toMatchObject({ sub: 'agent', scope: 'kafka' });
    expect(server.tokensGiven).toBe(1);
  });

  it('takes credentials from the header, and refuses wrong ones', async () => {
    const basic = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` });
    expect((await ask({}, basic('agent:agent-secret'))).status).toBe(200);
    expect((await ask({}, basic('agent:wrong'))).status).toBe(401);
    expect((await ask({ client_id: 'agent', client_secret: 'wrong' })).status).toBe(401);
  });

  it('fails when a test wants it to', async () => {
    server.refuseWith = 503;
    expect((await ask({ client_id: 'agent', client_secret: 'agent-secret' })).status).toBe(503);
  });
});
