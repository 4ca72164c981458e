import type { SettingFault, StructureSetting } from '../../core/setting.ts';
import { escapeText } from '../../core/text.ts';

const MAX_URLS = 16;
const EXAMPLE = 'http://registry:8081';

/** One address, several with commas between them, or a list. */
export const urlSetting = {
  format: 'structure',
  default: [] as string | readonly string[],
  doc: 'Address of the schema registry (Confluent REST API); of several, the next is asked when one does not answer.',
  check: checkUrls,
  schema: {
    anyOf: [
      { type: 'string', minLength: 1 },
      { type: 'array', maxItems: MAX_URLS, items: { type: 'string', minLength: 1 } },
    ],
  },
} as const satisfies StructureSetting;

/** Addresses that are valid, without the slash at their end. */
export function compileUrls(written: string | readonly string[]): string[] {
  return listed(written).map((url) => new URL(url).href.replace(/\/+$/, ''));
}

function listed(written: string | readonly string[]): readonly string[] {
  return typeof written === 'string' ? written.split(',').map((url) => url.trim()) : written;
}

function checkUrls(value: unknown): SettingFault[] {
  if (typeof value !== 'string' && !Array.isArray(value))
    return [{ value, reason: 'must be an address, or a list of addresses', fix: `write it as ${EXAMPLE}` }];
  const urls: readonly unknown[] = listed(value as string | readonly string[]);
  if (urls.length > MAX_URLS) return [{ value: null, reason: `has ${urls.length} addresses, ${MAX_URLS} are allowed`, fix: 'remove some' }];
  return urls.flatMap((url, index) => {
    const fault = checkUrl(url) ?? (urls.indexOf(url) === index ? undefined : TWICE);
    return fault === undefined ? [] : [{ value: url, ...fault, ...(typeof value === 'string' ? {} : { within: [index] }) }];
  });
}

type Fault = Pick<SettingFault, 'reason' | 'fix'> & { readonly value?: null };

const TWICE: Fault = { reason: 'is in the list twice', fix: 'remove one of the two' };

function checkUrl(text: unknown): Fault | undefined {
  const url = typeof text === 'string' && escapeText(text) === text ? URL.parse(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return { reason: 'is not an address of HTTP', fix: `write http:// or https://, as in ${EXAMPLE}` };
  // Not repeated: it holds a secret.
  if (url.username !== '' || url.password !== '')
    return { value: null, reason: 'must not contain credentials', fix: 'write auth: { username: NAME, password: file:PATH } beside it' };
  return url.search === '' && url.hash === '' ? undefined : { reason: 'must not contain ? or #', fix: 'end it with the path of the API' };
}
