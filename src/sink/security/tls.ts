import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { AgentError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { SettingFault, SettingGroup, ValuesOf } from '../../core/setting.ts';
import { errnoName } from '../../core/system-error.ts';
import { escapeText } from '../../core/text.ts';
import { textSetting } from './text-setting.ts';

const pemFile = (doc: string) => ({ format: 'choice_or_path', default: 'none', choices: ['none'], doc }) as const;

/** The keys of `tls`. */
export const tlsSchema = {
  ca: pemFile('PEM file with the authorities to trust in place of those of the system.'),
  cert: pemFile('PEM file with the certificate of the agent, for a server that asks for one.'),
  key: pemFile('PEM file with the key of that certificate.'),
  server_name: textSetting({ doc: 'Name that the certificate of the server must have; empty: that of its address.' }),
} as const satisfies SettingGroup;

/** null: not given. */
export interface TlsFiles {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly serverName: string | null;
}

/** As node:tls takes it. */
export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
}

export function compileTls({ ca, cert, key, server_name }: ValuesOf<typeof tlsSchema>): TlsFiles {
  const path = (written: string): string | null => (written === 'none' ? null : written);
  return { ca: path(ca), cert: path(cert), key: path(key), serverName: server_name === '' ? null : server_name };
}

/** What is wrong with keys together, of a section `tls` whose keys are each right. */
export function tlsFaults({ cert, key }: Pick<ValuesOf<typeof tlsSchema>, 'cert' | 'key'>): SettingFault[] {
  if ((cert === 'none') === (key === 'none')) return [];
  const missing = cert === 'none' ? 'cert' : 'key';
  return [{ within: ['tls', missing], value: null, reason: 'is missing', fix: 'name both files, the certificate and its key' }];
}

/** Certificates are a few KiB; a bundle of all public authorities is 200 KiB. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Whose files they are: the section of the configuration, and the error of one that cannot be read. */
export interface TlsOwner {
  readonly section: string;
  readonly code: ErrorCode;
}

/** The files as they are now, so that they can be renewed under a running agent. Throws the owner's error where one cannot be read. */
export function readTls({ ca, cert, key, serverName }: TlsFiles, owner: TlsOwner): TlsMaterial {
  return {
    ...(ca === null ? {} : { ca: readPem(ca, 'ca', owner) }),
    ...(cert === null ? {} : { cert: readPem(cert, 'cert', owner) }),
    ...(key === null ? {} : { key: readPem(key, 'key', owner) }),
    ...(serverName === null ? {} : { servername: serverName }),
  };
}

function readPem(path: string, setting: string, owner: TlsOwner): Buffer {
  const unreadable = (reason: string): AgentError =>
    unreadablePem(path, `(${owner.section}.${setting}) cannot be read: ${reason}`, owner.code);
  let descriptor: number | undefined;
  try {
    // A pipe that nobody writes to would hold the agent otherwise.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const facts = fstatSync(descriptor);
    if (!facts.isFile() || facts.size > MAX_BYTES) throw unreadable('it is not a PEM file');
    return readFileSync(descriptor);
  } catch (cause) {
    throw cause instanceof AgentError ? cause : unreadable(errnoName(cause) ?? 'unknown error');
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Not the end of the agent: whoever renews the file may be about to put it there. */
function unreadablePem(path: string, what: string, code: ErrorCode): AgentError {
  return new AgentError(code, `${escapeText(path)} ${what}`, {
    context: { path },
    fix: 'Check the path, and that the user the agent runs as may read it.',
  });
}
