import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { AgentError } from '../../../../src/core/errors.ts';
import { RegistryClient } from '../../../../src/sink/registry/client.ts';
import { RegistryStub } from '../../../helpers/registry-stub.ts';
import type { StubAnswer } from '../../../helpers/registry-stub.ts';
import { OTHER, SCHEMA, registryConfig } from './records.ts';

const never = new AbortController().signal;
const subject = 'events-value';
const refuse = (): never => {
  throw new Error('no secret was expected to be read');
};
const clientOf = (written: Readonly<Record<string, unknown>>, readSecret: () => Buffer = refuse) =>
  new RegistryClient(registryConfig(written), readSecret);

async function start() {
  const stub = await RegistryStub.start();
  return { stub, client: clientOf({ url: stub.url }) };
}

/** The address of a port that nobody listens on any more. */
async function deadUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}

const failure = async (promise: Promise<unknown>): Promise<AgentError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AgentError);
  return error as AgentError;
};

describe('a registry that answers', () => {
  it('says the id of a schema under a subject, or that there is none', async () => {
    const { stub, client } = await start();
    expect(await client.lookup({ subject, schema: SCHEMA }, never)).toBeUndefined();
    const id = stub.add(subject, SCHEMA);
    expect(await client.lookup({ subject, schema: SCHEMA }, never)).toBe(id);
    expect(await client.lookup({ subject, schema: OTHER }, never)).toBeUndefined();
    expect(await client.lookup({ subject: 'x', schema: SCHEMA }, never)).toBeUndefined();
  });

  it('is found to have a schema that was registered with other spaces in it', async () => {
    const stub = await RegistryStub.start({ exactText: true });
    const id = stub.add(subject, JSON.stringify(JSON.parse(SCHEMA), undefined, 2));
    expect(await clientOf({ url: stub.url }).lookup({ subject, schema: SCHEMA }, never)).toBe(id);
  });

  it('registers a schema once', async () => {
    const { stub, client } = await start();
    const id = await client.register({ subject, schema: SCHEMA }, never);
    expect(await client.register({ subject, schema: SCHEMA }, never)).toBe(id);
    expect(stub.versions(subject)).toEqual([id]);
    expect(JSON.parse((await client.schemaById(id, never)) as string)).toEqual(JSON.parse(SCHEMA));
    expect(await client.schemaById(99, never)).toBeUndefined();
  });

  it('does not take a schema that is incompatible with the newest', async () => {
    const { stub, client } = await start();
    stub.add(subject, SCHEMA);
    const error = await failure(client.register({ subject, schema: OTHER }, never));
    expect(error).toMatchObject({ code: 'SCHEMA_INCOMPATIBLE', category: 'hold' });
    expect(error.message).toContain('TYPE_MISMATCH: a');
    expect(await client.compatibility({ subject, schema: OTHER }, never)).toEqual({ isCompatible: false, reasons: ['TYPE_MISMATCH: a'] });
    expect(await client.compatibility({ subject, schema: SCHEMA }, never)).toEqual({ isCompatible: true, reasons: [] });
    expect(await client.compatibility({ subject: 'new', schema: SCHEMA }, never)).toBeUndefined();
  });

  it('says the level of compatibility in either spelling, or of the whole registry', async () => {
    const { stub, client } = await start();
    expect(await client.compatibilityLevel(subject, never)).toBe('BACKWARD');
    stub.answer = () => ({ status: 200, body: { compatibility: 'FULL' } });
    expect(await client.compatibilityLevel(subject, never)).toBe('FULL');
    stub.answer = ({ path }) => (path === '/config' ? undefined : { status: 404, body: { error_code: 40408, message: 'none' } });
    expect(await client.compatibilityLevel(subject, never)).toBe('BACKWARD');
  });

  it('gets subjects as one part of the path, below the path of its address', async () => {
    const stub = await RegistryStub.start();
    stub.answer = () => ({ status: 200, body: { id: 1 } });
    await clientOf({ url: `${stub.url}/apis/ccompat/v7/` }).lookup({ subject: 'a/b?c', schema: SCHEMA }, never);
    expect(stub.requests.map(({ path }) => path)).toEqual(['/apis/ccompat/v7/subjects/a%2Fb%3Fc']);
  });
});

describe('an answer that is no help', () => {
  const LARGE = 'x'.repeat(4 * 1024 * 1024 + 1);
  it.each<[code: string, text: string, answer: StubAnswer]>([
    ['REGISTRY_UNREACHABLE', 'status 500): store', { status: 500, body: { error_code: 50001, message: 'store' } }],
    ['REGISTRY_UNREACHABLE', 'status 503): <html>\\x1b[2J', { status: 503, body: '<html>\u001b[2J' }],
    ['REGISTRY_UNREACHABLE', 'status 429)', { status: 429, body: '' }],
    ['REGISTRY_REFUSED', 'wants credentials: Unauthorized', { status: 401, body: { error_code: 401, message: 'Unauthorized' } }],
    ['REGISTRY_REFUSED', 'forbids it: denied', { status: 403, body: { error_code: 40301, message: 'denied' } }],
    ['REGISTRY_REFUSED', 'status 422): READONLY', { status: 422, body: { error_code: 42205, message: 'READONLY' } }],
    ['REGISTRY_REFUSED', 'redirects to https://else/', { status: 301, headers: { Location: 'https://else/' } }],
    ['REGISTRY_REFUSED', 'status 404', { status: 404, body: '<html>' }],
    ['REGISTRY_REFUSED', 'no object in JSON', { status: 200, body: '<html>' }],
    ['REGISTRY_REFUSED', 'no object in JSON', { status: 200, body: [1] }],
    ['REGISTRY_REFUSED', 'without an id', { status: 200, body: { id: 'x' } }],
    ['REGISTRY_REFUSED', 'without an id', { status: 200, body: { id: 2 ** 31 } }],
    ['REGISTRY_REFUSED', 'more than 4194304 bytes', { status: 200, body: LARGE }],
    ['REGISTRY_UNREACHABLE', `${'x'.repeat(299)}…`, { status: 500, body: { message: 'x'.repeat(1000) } }],
  ])('is told as %s: %s', async (code, text, answer) => {
    const { stub, client } = await start();
    stub.answer = () => answer;
    const error = await failure(client.lookup({ subject, schema: SCHEMA }, never));
    expect([error.code, error.category, error.retry]).toEqual([code, 'hold', 'hold']);
    expect(error.message).toContain(text);
    expect(error.message).toContain(stub.url);
    expect(error.fix).toMatch(/\.$/);
    expect(stub.requests).toHaveLength(1);
  });

  it('is none at all', async () => {
    const error = await failure(clientOf({ url: await deadUrl() }).lookup({ subject, schema: SCHEMA }, never));
    expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE', message: expect.stringContaining('ECONNREFUSED') as string });
  });

  it('does not come in time', async () => {
    const stub = await RegistryStub.start();
    stub.answer = () => 'never';
    const error = await failure(clientOf({ url: stub.url, timeout: '100ms' }).lookup({ subject, schema: SCHEMA }, never));
    expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE', message: expect.stringContaining('no answer within 100 ms') as string });
  });

  it('is not waited for when the caller gives up', async () => {
    const stub = await RegistryStub.start();
    const stop = new AbortController();
    stub.answer = () => (stop.abort(new Error('stop')), 'never');
    await expect(clientOf({ url: stub.url }).lookup({ subject, schema: SCHEMA }, stop.signal)).rejects.toThrow('stop');
  });
});

describe('of several addresses', () => {
  it('the next is asked when one does not answer or is broken, and then first', async () => {
    const [broken, good] = [await RegistryStub.start(), await RegistryStub.start()];
    broken.answer = () => ({ status: 503 });
    const id = good.add(subject, SCHEMA);
    const client = clientOf({ url: [await deadUrl(), broken.url, good.url] });
    expect(await client.lookup({ subject, schema: SCHEMA }, never)).toBe(id);
    expect(await client.lookup({ subject, schema: SCHEMA }, never)).toBe(id);
    expect([broken.requests.length, good.requests.length]).toEqual([1, 2]);
  });

  it('all are named when none answers', async () => {
    const urls = [await deadUrl(), await deadUrl()];
    const error = await failure(clientOf({ url: urls }).register({ subject, schema: SCHEMA }, never));
    expect(error.code).toBe('REGISTRY_UNREACHABLE');
    for (const url of urls) expect(error.message).toContain(url);
  });

  it('the next is not asked when one refuses', async () => {
    const [first, second] = [await RegistryStub.start(), await RegistryStub.start()];
    first.answer = () => ({ status: 403 });
    await failure(clientOf({ url: [first.url, second.url] }).lookup({ subject, schema: SCHEMA }, never));
    expect(second.requests).toEqual([]);
  });
});

describe('credentials', () => {
  const SECRET = 'hunter2-ÿ';
  const basic = (password: string): string => `Basic ${Buffer.from(`jo:${password}`).toString('base64')}`;
  const auth = { username: 'jo', password: 'env:PW' };

  it('are read anew at each request', async () => {
    const stub = await RegistryStub.start({ authorization: basic(SECRET) });
    stub.add(subject, SCHEMA);
    let password = 'old';
    const client = clientOf({ url: stub.url, auth }, () => Buffer.from(password));
    expect((await failure(client.lookup({ subject, schema: SCHEMA }, never))).message).toContain('does not accept the credentials');
    password = SECRET;
    expect(await client.lookup({ subject, schema: SCHEMA }, never)).toBe(1);
  });

  it('may be a token', async () => {
    const stub = await RegistryStub.start({ authorization: 'Bearer abc.def' });
    stub.add(subject, SCHEMA);
    const client = clientOf({ url: stub.url, auth: { token: 'env:T' } }, () => Buffer.from('abc.def'));
    expect(await client.lookup({ subject, schema: SCHEMA }, never)).toBe(1);
  });

  it('are in no message, even if the server repeats them', async () => {
    const stub = await RegistryStub.start();
    const texts: string[] = [];
    for (const [written, secret] of [
      [auth, SECRET],
      [{ token: 'env:T' }, 'abc.def'],
    ] as const) {
      const client = clientOf({ url: stub.url, auth: written }, () => Buffer.from(secret));
      stub.answer = ({ authorization }) => ({ status: 403, body: { message: `${'x'.repeat(290)} ${secret} ${authorization}` } });
      texts.push(
        JSON.stringify(await failure(client.lookup({ subject, schema: SCHEMA }, never))) +
          (await failure(client.register({ subject, schema: SCHEMA }, never))).message,
      );
      stub.answer = ({ authorization }) => ({ status: 307, headers: { Location: `http://else/${authorization}` } });
      texts.push((await failure(client.lookup({ subject, schema: SCHEMA }, never))).message);
      stub.answer = ({ authorization }) => ({ status: 200, body: { is_compatible: false, messages: [`${secret} ${authorization}`] } });
      texts.push(JSON.stringify(await client.compatibility({ subject, schema: SCHEMA }, never)));
    }
    for (const secret of [SECRET, SECRET.slice(0, 6), basic(SECRET).slice(6, 14), 'abc.def'])
      expect(texts.join('\n')).not.toContain(secret);
    expect(texts.join('\n')).toContain('***');
  });

  it('that cannot be read hold what is to be sent', async () => {
    const unreadable = (): never => {
      throw new AgentError('SECRET_UNREADABLE', 'the variable PW is not set', { fix: 'set it' });
    };
    const error = await failure(clientOf({ url: 'http://127.0.0.1:1', auth }, unreadable).lookup({ subject, schema: SCHEMA }, never));
    expect(error).toMatchObject({ code: 'REGISTRY_REFUSED', fix: 'set it' });
    expect(error.message).toContain('the variable PW is not set');
  });

  it('that no header can carry are not sent, nor shown', async () => {
    const client = clientOf({ url: 'http://127.0.0.1:1', auth: { token: 'env:T' } }, () => Buffer.from('abc\r\nX: y'));
    const error = await failure(client.lookup({ subject, schema: SCHEMA }, never));
    expect(error.code).toBe('REGISTRY_REFUSED');
    expect(error.message).not.toContain('abc');
  });
});
