import type { Config } from '../config/config.ts';
import { readSecret } from '../config/read-secret.ts';
import { createRedactor } from '../enrich/redact/redactor.ts';
import type { Redactor } from '../enrich/redact/redactor.ts';

/** null: nothing is masked. Throws SECRET_UNREADABLE. */
export function redactorOf({ defaults, patterns, hmacKey }: Config['enrich']['redact']): Redactor | null {
  if (!defaults && patterns.length === 0) return null;
  return createRedactor({ defaults, patterns }, hmacKey === null ? null : readSecret(hmacKey));
}
