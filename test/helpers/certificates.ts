import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TestAuthority } from './test-certificates.ts';

/** Paths of PEM files. */
export interface TlsFiles {
  readonly ca: string;
  /** A client's, of the same authority; its name is `agent`. */
  readonly cert: string;
  readonly key: string;
  /** An authority that has signed nothing here. */
  readonly otherCa: string;
  /** A server's, for localhost and 127.0.0.1. */
  readonly server: { readonly cert: string; readonly key: string };
}

/** Makes an authority, a server's certificate and a client's. `server.pem` is what Kafka reads as a PEM key store. */
export async function makeCertificates(folder: string): Promise<TlsFiles> {
  const at = (name: string): string => join(folder, name);
  const authority = new TestAuthority('ca');
  const server = authority.issue({ names: ['localhost'], addresses: ['127.0.0.1'] });
  const client = authority.issue({ names: ['agent'] });
  const files = {
    'ca.crt': authority.cert,
    'other-ca.crt': new TestAuthority('other-ca').cert,
    'client.crt': client.cert,
    'client.key': client.key,
    'server.crt': server.cert,
    'server.key': server.key,
    'server.pem': Buffer.concat([server.key, server.cert]),
  };
  await Promise.all(Object.entries(files).map(([name, pem]) => writeFile(at(name), pem, { mode: 0o600 })));
  return {
    ca: at('ca.crt'),
    cert: at('client.crt'),
    key: at('client.key'),
    otherCa: at('other-ca.crt'),
    server: { cert: at('server.crt'), key: at('server.key') },
  };
}
