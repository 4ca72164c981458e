import { AgentError } from './errors.ts';
import { escapeText } from './text.ts';

/** Where a secret is: a variable of the environment, a file, or a credential that systemd hands over (`LoadCredential=`). */
export interface SecretReference {
  readonly from: 'env' | 'file' | 'credential';
  /** Name of the variable or credential, path of the file. */
  readonly name: string;
}

const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** systemd.exec(5): a file name. */
const CREDENTIAL_NAME = /^(?!\.{1,2}$)[\w.:@-]{1,255}$/;
const FIX = 'write where it is: env:NAME, file:PATH or credential:NAME';

/** As a regular expression, for the JSON Schema; the parser is stricter. */
export const SECRET_PATTERN = '^(none|(env|file|credential):.+)$';

/** `none` is no secret. Throws CONFIG_INVALID with reason and fix; neither repeats the text, which may be the secret that was meant. */
export function parseSecretReference(text: unknown): SecretReference | null {
  if (text === 'none') return null;
  if (typeof text !== 'string') return refuse('must say where the secret is', FIX);
  const [, from, name = ''] = /^(env|file|credential):(.*)$/s.exec(text) ?? [];
  switch (from) {
    case 'env':
      return ENV_NAME.test(name)
        ? { from, name }
        : refuse('is not the name of a variable', 'write env: and letters, digits and _ behind it');
    case 'credential':
      return CREDENTIAL_NAME.test(name)
        ? { from, name }
        : refuse('is not the name of a credential', 'write credential: and its name, without /');
    case 'file':
      return name.trim() !== '' && escapeText(name) === name
        ? { from, name }
        : refuse('is not the path of a file', 'write file: and a path');
    default:
      return refuse('must say where the secret is, and not be the secret', FIX);
  }
}

function refuse(reason: string, fix: string): never {
  throw new AgentError('CONFIG_INVALID', reason, { fix });
}
