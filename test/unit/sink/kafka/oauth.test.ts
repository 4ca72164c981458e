import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { TokenSource } from '../../../../src/sink/kafka/oauth.ts';

type Answer = (request: { body: string; headers: IncomingMessage['headers'] }, response: ServerResponse) => void;

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

async function serve(answer: Answer): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer({ body: Buffer.concat(chunks).toString(), headers: request.headers }, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
}

const sourceAt = (url: string, scope: string | null = null): TokenSource =>
  new TokenSource({ url, scope, credentials: () => ({ username: 'a:gent', password: 'p w' }), tls: () => ({}), timeoutMs: 5000 });

const json = (response: ServerResponse, status: number, value: unknown): void => {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
};

describe('a source of tokens', () => {
  test('asks by the client credentials grant, and keeps a token for most of its life', async () => {
    const asked: { body: string; authorization: string | undefined }[] = [];
    const url = await serve(({ body, headers }, response) => {
      asked.push({ body, authorization: headers.authorization });
      json(response, 200, { access_token: `token-${asked.length}`, expires_in: 3600 });
    });
    const source = sourceAt(url, 'kafka write');
    expect(await Promise.all([source.token(), source.token()])).toEqual(['token-1', 'token-1']);
    expect(await source.token()).toBe('token-1');
    expect(asked).toEqual([
      {
        body: 'grant_type=client_credentials&scope=kafka+write',
        authorization: `Basic ${Buffer.from('a%3Agent:p%20w').toString('base64')}`,
      },
    ]);
  });

  test('asks again when a token is about to end', async () => {
    let given = 0;
    const url = await serve((_, response) => json(response, 200, { access_token: `token-${(given += 1)}`, expires_in: 0.001 }));
    const source = sourceAt(url);
    expect(await source.token()).toBe('token-1');
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await source.token()).toBe('token-2');
  });

  test('asks again when the last one is of no use', async () => {
    let given = 0;
    const url = await serve((_, response) => json(response, 200, { access_token: `token-${(given += 1)}`, expires_in: 3600 }));
    const source = sourceAt(url);
    expect(await source.token()).toBe('token-1');
    source.forget();
    expect(await source.token()).toBe('token-2');
  });

  test.each([
    [401, { error: 'invalid_client' }, 'SINK_REFUSED', /answers 401: invalid_client/],
    [400, 'no json', 'SINK_REFUSED', /answers 400/],
    [200, { token_type: 'bearer' }, 'SINK_REFUSED', /without a token/],
    [503, {}, 'SINK_UNREACHABLE', /answers 503/],
  ] as const)('tells what is wrong when it is answered %s %j', async (status, value, code, message) => {
    const source = sourceAt(await serve((_, response) => json(response, status, value)));
    await expect(source.token()).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
    await expect(source.token()).rejects.not.toMatchObject({ message: expect.stringContaining('p w') as string });
  });

  test('is tried again later where nobody answers', async () => {
    await expect(sourceAt('http://127.0.0.1:1/').token()).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
  });
});
