import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { constants } from 'node:fs';
import { join } from 'node:path';
import { AgentError } from '../core/errors.ts';
import type { SecretReference } from '../core/secret-reference.ts';
import { errnoName } from '../core/system-error.ts';
import { escapeText } from '../core/text.ts';

/** Keys and tokens are far shorter; a wrong path may lead anywhere. */
const MAX_BYTES = 64 * 1024;

/**
 * The secret, read anew at each call, so that it can be changed under a running agent. One line end is taken off, which editors and `echo`
 * put there. Throws SECRET_UNREADABLE, which names the place and never what was found there.
 */
export function readSecret({ from, name }: SecretReference, env: NodeJS.ProcessEnv = process.env): Buffer {
  const bytes = from === 'env' ? variable(name, env) : fileContent(from === 'file' ? name : credentialPath(name, env));
  const secret = withoutLineEnd(bytes);
  if (secret.length === 0) throw unreadable(`${from}:${name} is empty`, 'put the secret there');
  return secret;
}

function variable(name: string, env: NodeJS.ProcessEnv): Buffer {
  const value = env[name];
  if (value === undefined)
    throw unreadable(`the variable ${name} is not set`, 'set it in the environment of the agent, or name another place');
  return Buffer.from(value);
}

function credentialPath(name: string, env: NodeJS.ProcessEnv): string {
  const folder = env['CREDENTIALS_DIRECTORY'];
  if (folder !== undefined && folder !== '') return join(folder, name);
  throw unreadable(
    `the credential ${name} was not handed over: systemd did not start the agent with any`,
    `put LoadCredential=${name}:PATH into its unit, or name another place`,
  );
}

function fileContent(path: string): Buffer {
  let descriptor: number | undefined;
  try {
    // A pipe that nobody writes to would hold the agent otherwise.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const facts = fstatSync(descriptor);
    if (!facts.isFile()) throw unreadable(`${escapeText(path)} is not a file`, 'name the file that holds the secret');
    if (facts.size > MAX_BYTES) throw unreadable(`${escapeText(path)} is larger than 64 KiB, so it is no secret`, 'check the path');
    return readFileSync(descriptor);
  } catch (cause) {
    if (cause instanceof AgentError) throw cause;
    throw unreadable(
      `${escapeText(path)} cannot be read: ${errnoName(cause) ?? 'unknown error'}`,
      'check the path, and that the user the agent runs as may read it',
      cause,
    );
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function withoutLineEnd(bytes: Buffer): Buffer {
  const end = bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? 2 : 1) : 0;
  return bytes.subarray(0, bytes.length - end);
}

function unreadable(message: string, fix: string, cause?: unknown): AgentError {
  return new AgentError('SECRET_UNREADABLE', message, { fix, ...(cause === undefined ? {} : { cause }) });
}
