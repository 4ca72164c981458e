import { escaped, quote } from '../siem/json-string.ts';

/** Labels as Elasticsearch can keep them, and as they are where that is not the same. */
export interface Labels {
  /** Members of an object, without the braces. */
  readonly members: string;
  /** Elements `key=value` of an array; empty where `members` says it all. */
  readonly exact: string;
}

/**
 * Elasticsearch takes a dot in a name as a step into an object: of `app` and `app.kubernetes.io/name` the second would be refused, and the
 * event with it, as it would for a name of nothing but spaces. So dots become underscores, as its own shippers do, and of names that are
 * then the same the last one holds.
 */
export function labelsOf(labels: Readonly<Record<string, string>>): Labels {
  const members = new Map<string, string>();
  const entries = Object.entries(labels);
  let isExact = true;
  for (const [key, value] of entries) {
    const name = key.trim() === '' ? '_' : key.toWellFormed().replaceAll('.', '_');
    isExact &&= name === key;
    members.set(name, value);
  }
  return {
    members: [...members].map(([key, value]) => `"${escaped(key)}":"${escaped(value)}"`).join(','),
    exact: isExact ? '' : entries.map(([key, value]) => quote(`${key}=${value}`)).join(','),
  };
}
