import { AgentError } from '../../core/errors.ts';
import type { SecretReference } from '../../core/secret-reference.ts';

/** Reads a secret anew; throws SECRET_UNREADABLE. */
type ReadSecret = (reference: SecretReference) => Buffer;

/** The secret of a key of the configuration; empty where it names none. Throws SECRET_UNREADABLE with the key. */
export function secretText(key: string, reference: SecretReference | null, readSecret: ReadSecret): string {
  if (reference === null) return '';
  try {
    return readSecret(reference).toString('utf8');
  } catch (cause) {
    if (!(cause instanceof AgentError)) throw cause;
    const { code, message, fix = 'put the secret there' } = cause;
    throw new AgentError(code, `${key}: ${message}`, { cause, fix: `${fix.slice(0, 1).toUpperCase()}${fix.slice(1)}.` });
  }
}
