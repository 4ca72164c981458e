import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { RegistryClient } from '../../../../src/sink/registry/client.ts';
import { RegistryStub } from '../../../helpers/registry-stub.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';
import { TestAuthority } from '../../../helpers/test-certificates.ts';
import { SCHEMA, registryConfig } from './records.ts';

const never = new AbortController().signal;
const wanted = { subject: 'events-value', schema: SCHEMA };
const authority = new TestAuthority('test authority');

interface Server {
  readonly names?: readonly string[];
  readonly addresses?: readonly string[];
  readonly expired?: boolean;
  readonly mutual?: boolean;
}

/** A registry over TLS that knows the schema, and a client with these settings, in whose texts DIR is a folder with ca.pem, cert.pem and key.pem. */
async function start(tls: Readonly<Record<string, string>>, server: Server = {}) {
  const { names = ['registry'], addresses = ['127.0.0.1'], expired = false, mutual = false } = server;
  const own = authority.issue({ names, addresses, expired });
  const stub = await RegistryStub.start({ tls: { ...own, ...(mutual ? { ca: authority.cert } : {}) } });
  stub.add(wanted.subject, SCHEMA);
  const dir = await tempDir();
  const files = { 'ca.pem': authority.cert, ...named(authority.issue({ names: ['agent'] })) };
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(dir, name), bytes);
  const written = Object.fromEntries(Object.entries(tls).map(([key, value]) => [key, value.replace('DIR', dir)]));
  const client = new RegistryClient(registryConfig({ url: stub.url, tls: written }), () => Buffer.alloc(0));
  return { stub, dir, client };
}

const named = ({ cert, key }: { cert: Buffer; key: Buffer }) => ({ 'cert.pem': cert, 'key.pem': key });

it('trusts the authority of its settings', async () => {
  const { client } = await start({ ca: 'DIR/ca.pem' });
  expect(await client.lookup(wanted, never)).toBe(1);
});

it('shows its certificate to a server that asks for one', async () => {
  const { client } = await start({ ca: 'DIR/ca.pem', cert: 'DIR/cert.pem', key: 'DIR/key.pem' }, { mutual: true });
  expect(await client.lookup(wanted, never)).toBe(1);
});

it('compares the name in the certificate with the one that is set', async () => {
  const { client } = await start({ ca: 'DIR/ca.pem', server_name: 'registry' }, { addresses: [] });
  expect(await client.lookup(wanted, never)).toBe(1);
});

it('takes files that were renewed', async () => {
  const { client, dir } = await start({ ca: 'DIR/ca.pem' });
  await writeFile(join(dir, 'ca.pem'), new TestAuthority('another').cert);
  await expect(client.lookup(wanted, never)).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
  await writeFile(join(dir, 'ca.pem'), authority.cert);
  expect(await client.lookup(wanted, never)).toBe(1);
});

it.each<[string, Readonly<Record<string, string>>, Server, RegExp]>([
  ['an unknown authority', {}, {}, /registry\.tls\.ca/],
  ['another name', { ca: 'DIR/ca.pem' }, { addresses: [] }, /registry\.tls\.server_name/],
  ['an expired certificate', { ca: 'DIR/ca.pem' }, { expired: true }, /Renew the certificate/],
  ['no certificate where one is asked for', { ca: 'DIR/ca.pem' }, { mutual: true }, /registry\.tls\.cert and registry\.tls\.key/],
])('says what to do about %s, and sends nothing', async (_what, tls, server, fix) => {
  const { client, stub } = await start(tls, server);
  await expect(client.lookup(wanted, never)).rejects.toMatchObject({
    code: 'REGISTRY_UNREACHABLE',
    category: 'hold',
    fix: expect.stringMatching(fix) as string,
  });
  expect(stub.requests).toEqual([]);
});

it('says which scheme is wrong', async () => {
  const { stub } = await start({});
  const plain = await RegistryStub.start();
  const ask = (url: string) => new RegistryClient(registryConfig({ url }), () => Buffer.alloc(0)).lookup(wanted, never);
  await expect(ask(plain.url.replace('http', 'https'))).rejects.toMatchObject({ fix: expect.stringContaining('write http://') as string });
  await expect(ask(stub.url.replace('https', 'http'))).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
});

it('holds while a file cannot be read', async () => {
  const { client } = await start({ ca: 'DIR/missing.pem' });
  await expect(client.lookup(wanted, never)).rejects.toMatchObject({
    code: 'REGISTRY_REFUSED',
    message: expect.stringMatching(/missing\.pem \(registry\.tls\.ca\) cannot be read: ENOENT/) as string,
  });
});
