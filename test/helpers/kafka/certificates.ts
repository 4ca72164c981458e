import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../run-command.ts';
import { tail } from './java.ts';

/** Paths of PEM files. */
export interface TlsFiles {
  readonly ca: string;
  /** A client's, of the same authority; its name is `agent`. */
  readonly cert: string;
  readonly key: string;
  /** An authority that has signed nothing here. */
  readonly otherCa: string;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes an authority, a server's certificate for localhost and 127.0.0.1, and a client's. `server.pem` is what Kafka reads as a PEM key store. */
export async function makeCertificates(folder: string): Promise<TlsFiles> {
  const at = (name: string): string => join(folder, name);
  await writeFile(at('san'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  await Promise.all([authority(folder, 'ca'), authority(folder, 'other-ca')]);
  await sign(folder, 'server', 'localhost');
  await sign(folder, 'client', 'agent');
  await writeFile(at('server.pem'), (await readFile(at('server.key'), 'utf8')) + (await readFile(at('server.crt'), 'utf8')), {
    mode: 0o600,
  });
  return { ca: at('ca.crt'), cert: at('client.crt'), key: at('client.key'), otherCa: at('other-ca.crt') };
}

function authority(cwd: string, name: string): Promise<void> {
  return openssl(cwd, ['req', '-x509', ...KEY, '-days', '2', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.crt`]);
}

async function sign(cwd: string, name: string, subject: string): Promise<void> {
  await openssl(cwd, ['req', ...KEY, '-subj', `/CN=${subject}`, '-keyout', `${name}.key`, '-out', `${name}.csr`]);
  const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'];
  await openssl(cwd, ['x509', '-req', '-in', `${name}.csr`, ...by, '-days', '2', '-extfile', 'san', '-out', `${name}.crt`]);
}

async function openssl(cwd: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await runCommand('openssl', args, { cwd });
  if (code !== 0) throw new Error(`openssl ${args[0] ?? ''} ended with ${code}: ${tail(stderr)}`);
}
