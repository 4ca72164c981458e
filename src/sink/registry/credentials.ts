import { AgentError } from '../../core/errors.ts';
import type { SecretReference } from '../../core/secret-reference.ts';
import type { RegistryAuth } from './config.ts';

/** Reads a secret anew; throws SECRET_UNREADABLE. */
export type ReadSecret = (reference: SecretReference) => Buffer;

export interface Credentials {
  /** Of the request; undefined: none are sent. */
  readonly authorization: string | undefined;
  /** The text with whatever of the credentials is in it replaced: a server may repeat what it was sent. */
  readonly mask: (text: string) => string;
}

/** The credentials as they are now. Throws REGISTRY_REFUSED where they cannot be read: what was accepted waits until they can. */
export function readCredentials({ username, password, token }: RegistryAuth, readSecret: ReadSecret): Credentials {
  if (token !== null) {
    const text = secretText(token, readSecret);
    // Anything else ends the header or is refused by the client with the header in its message.
    if (!/^[\x21-\x7e]+$/.test(text)) throw refused('the token for the schema registry has characters that no token can have');
    return { authorization: `Bearer ${text}`, mask: masking([text]) };
  }
  if (username === null || password === null) return { authorization: undefined, mask: (text) => text };
  const secret = secretText(password, readSecret);
  const encoded = Buffer.from(`${username}:${secret}`).toString('base64');
  return { authorization: `Basic ${encoded}`, mask: masking([encoded, secret]) };
}

function secretText(reference: SecretReference, readSecret: ReadSecret): string {
  try {
    return readSecret(reference).toString('utf8');
  } catch (cause) {
    if (!(cause instanceof AgentError) || cause.code !== 'SECRET_UNREADABLE') throw cause;
    throw refused(`the credentials for the schema registry cannot be read: ${cause.message}`, cause);
  }
}

function refused(message: string, cause?: AgentError): AgentError {
  return new AgentError('REGISTRY_REFUSED', message, {
    ...(cause === undefined ? {} : { cause }),
    fix: cause?.fix ?? 'Put the token there, on one line and without quotes.',
  });
}

function masking(secrets: readonly string[]): Credentials['mask'] {
  return (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, () => '***'), text);
}
