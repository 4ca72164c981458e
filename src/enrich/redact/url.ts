/**
 * `scheme://user:password@host/path`: the password alone is masked; a user that stands there without one only where it looks like a token.
 * Also addresses whose path is the secret.
 */
import type { Scan } from './scan.ts';
import { maskShape } from './shapes.ts';
import { isQuote, isSpace, looksRandom } from './value.ts';

/** For the filter that goes first (stems.ts). */
export const URL_STEMS: readonly string[] = ['://'];

const AT = 0x40;
const COLON = 0x3a;
/** How far behind a / that stands in a password its @ is looked for. */
const REACH = 256;

/** Ends of the part that may hold a password: / ? # quotes < > ` | \ and spaces. */
const AUTHORITY_ENDS = Uint8Array.from({ length: 128 }, (_, code) => (/[\s/?#"'<>`|\\]/.test(String.fromCharCode(code)) ? 1 : 0));

const SECRET_PATHS: readonly (readonly [prefix: string, end: RegExp])[] = [
  ['hooks.slack.com/services/', /[\s"'?#]/],
  ['discord.com/api/webhooks/', /[\s"'?#]/],
  ['discordapp.com/api/webhooks/', /[\s"'?#]/],
  ['api.telegram.org/bot', /[\s"'?#/]/],
];

/** @param at of the colon of `://`. Returns where to search on. */
export function maskUrl(scan: Scan, at: number): number {
  const { text } = scan;
  const start = at + 3;
  let colon = -1;
  let sign = -1;
  let end = start;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code < 128 && AUTHORITY_ENDS[code] === 1) break;
    if (code === COLON && colon < 0) colon = end;
    else if (code === AT) sign = end;
  }
  if (sign >= 0) maskUser(scan, start, { colon, sign });
  else if (colon >= 0) maskUnclosed(scan, colon, end);
  return maskPath(scan, sign >= 0 ? sign + 1 : start) ?? Math.max(start, sign);
}

/** A user may be a token: alone, with an empty password, or with one that says so (`x-oauth-basic`). */
function maskUser(scan: Scan, start: number, { colon, sign }: { readonly colon: number; readonly sign: number }): void {
  const { text, spans } = scan;
  const end = colon >= 0 && colon < sign ? colon : sign;
  spans.add(text, end + 1, sign);
  if (end === sign - 1 || looksRandom(text, start, end)) spans.add(text, start, end);
  else maskShape(scan, start);
}

/** What stands behind the colon is no port: a password with a / in it, or one that was cut off. */
function maskUnclosed({ text, spans, truncated }: Scan, colon: number, end: number): void {
  if (end === colon + 1 || /^\d{0,5}$/.test(text.slice(colon + 1, Math.min(end, colon + 8)))) return;
  if (end === text.length) {
    if (truncated) spans.add(text, colon + 1, end);
    return;
  }
  let sign = -1;
  for (let at = end; at < text.length && at - end < REACH; at++) {
    const code = text.charCodeAt(at);
    if (isSpace(code) || isQuote(code)) break;
    if (code === AT) sign = at;
  }
  if (sign >= 0) spans.add(text, colon + 1, sign);
}

/** Returns its end; undefined where it is no secret. */
function maskPath({ text, spans }: Scan, host: number): number | undefined {
  for (const [prefix, end] of SECRET_PATHS) {
    if (!text.startsWith(prefix, host)) continue;
    let to = host + prefix.length;
    while (to < text.length && !end.test(text.charAt(to))) to++;
    spans.add(text, host + prefix.length, to);
    return to;
  }
  return undefined;
}
