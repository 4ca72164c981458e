/**
 * `name=value` and `name: value`, wherever they stand: options, variables, connection strings, forms, JSON, headers. The name decides whether
 * the value is a secret; what stands before the name decides where the value ends. Where that is not certain it ends later: the rest of a
 * password is as bad as all of it. What a shell reads is searched word by word, each an argument by then.
 *
 *   first in its argument     PASSWORD=a b            the end of the argument
 *   after a quote             -d "password=a b"       that quote
 *   name in quotes            "password": "a b"       the quote that closes the value, else , } ] or a space
 *   after ? or &              ?user=x&token=a         & # a quote or a space
 *   after , or ;              user=x,password=a       the same character; also a space where words were before
 *   after a space and others  host=x password=a       the next space
 */
import { HARMLESS, DOUBTFUL, nameClass } from './name.ts';
import type { Scan } from './scan.ts';
import {
  BACKSLASH,
  QUOTE,
  beginsRandom,
  closingQuote,
  isLocator,
  isQuote,
  isReference,
  isSetting,
  isSpace,
  isPath,
  spaceFrom,
} from './value.ts';

const EQUALS = 0x3d;
const COLON = 0x3a;
const SPACE = 0x20;
const TAB = 0x09;
/** Longer names are none that anybody gave. */
const LONGEST_NAME = 128;

/** Letters, digits and what joins them: `x-api-key`, `spring.datasource.password`, `user[password]`, `user%5Bpassword%5D`. */
const IN_NAME = Uint8Array.from({ length: 128 }, (_, code) => (/[\w.\-[\]%]/.test(String.fromCharCode(code)) ? 1 : 0));

interface Name {
  from: number;
  to: number;
  /** Whether quotes stand around the name alone. */
  quoted: boolean;
}

/** Where in the text is a value; reused. */
const value = { from: 0, to: 0 };

/** @param at of the = or : between them. Returns where to search on: behind the value where it was masked. */
export function maskAssignment(scan: Scan, at: number): number {
  const { text } = scan;
  if (text.charCodeAt(at) === COLON && (text.charCodeAt(at + 1) === COLON || text.charCodeAt(at - 1) === COLON)) return at + 1;
  const name = nameBefore(text, at);
  if (name === undefined) return at + 1;
  const found = nameClass(text, name.from, name.to);
  const start = valueStart(text, at);
  if (found === HARMLESS || start >= text.length) return at + 1;
  // What is asked before its end is looked for is asked of its beginning: what is not masked must not be read to the end again and again.
  if ((found === DOUBTFUL && !beginsRandom(text, behindQuote(text, start))) || isElsewhere(text, name, start)) return at + 1;
  if (isClosed(text, name, start)) return at + 1;
  locateValue(scan, name, start);
  skipScheme(text);
  const { from, to } = value;
  if (from >= to || isSetting(text, from, to) || (scan.refers && isReference(text, from, to))) return at + 1;
  scan.spans.add(text, from, to);
  return Math.max(to, at + 1);
}

/** `PWD=/srv`, `GOOGLE_APPLICATION_CREDENTIALS=/etc/key.json`. */
function isElsewhere(text: string, name: Name, start: number): boolean {
  if (isLocator(text, start) && /^-*secret$/i.test(text.slice(name.from, name.to))) return true;
  return isPath(text, start) && /^-*(?:old)?pwd$|credentials?$/i.test(text.slice(name.from, name.to));
}

function nameBefore(text: string, at: number): Name | undefined {
  let to = at;
  while (to > 0 && at - to < 2 && text.charCodeAt(to - 1) === SPACE) to--;
  const quoted = isQuote(text.charCodeAt(to - 1));
  if (quoted) to -= text.charCodeAt(to - 2) === BACKSLASH ? 2 : 1;
  let from = to;
  while (from > 0 && to - from < LONGEST_NAME && isInName(text.charCodeAt(from - 1))) from--;
  return from < to ? { from, to, quoted } : undefined;
}

function isInName(code: number): boolean {
  return code < 128 && IN_NAME[code] === 1;
}

/** `password === x`, `password := x`, `password: x`; with still more signs the value begins. */
function valueStart(text: string, at: number): number {
  let start = at + 1;
  while (start <= at + 2 && text.charCodeAt(start) === EQUALS) start++;
  while (text.charCodeAt(start) === SPACE || text.charCodeAt(start) === TAB) start++;
  return start;
}

/** `expect "password:"`: the quote behind is that before the name. */
function isClosed(text: string, name: Name, start: number): boolean {
  return !name.quoted && name.from > 0 && isQuote(text.charCodeAt(start)) && text.charCodeAt(start) === text.charCodeAt(name.from - 1);
}

function behindQuote(text: string, at: number): number {
  const quote = text.charCodeAt(at) === BACKSLASH ? at + 1 : at;
  return isQuote(text.charCodeAt(quote)) ? quote + 1 : at;
}

function locateValue(scan: Scan, name: Name, start: number): void {
  const { text } = scan;
  const escaped = text.charCodeAt(start) === BACKSLASH && isQuote(text.charCodeAt(start + 1));
  const open = escaped ? start + 1 : start;
  const quote = text.charCodeAt(open);
  value.from = start;
  if (isQuote(quote)) {
    const close = quoteEnd(text, open + 1, { quote, escaped });
    const behind = close + (escaped ? 2 : 1);
    if (behind >= text.length || endsQuoted(scan, name, { behind, isEmpty: close === open + 1 })) {
      value.from = open + 1;
      value.to = close;
      return;
    }
  }
  value.to = name.quoted ? memberEnd(text, start) : bareEnd(scan, name, start);
}

/** Whether a value in quotes may end before this; before anything else the quotes are a part of it. */
function endsQuoted(scan: Scan, name: Name, { behind, isEmpty }: { readonly behind: number; readonly isEmpty: boolean }): boolean {
  const { text } = scan;
  if (name.from === 0) return false;
  const before = text.charAt(name.from - 1);
  const separators = name.quoted ? ',}])\\' : (SEPARATORS[before] ?? '');
  if (separators.includes(text.charAt(behind))) return true;
  if (isEmpty) return false;
  const isWord = name.quoted || scan.firstSpace < name.from;
  return (isWord && isSpace(text.charCodeAt(behind))) || closesOuter(scan, name, text.charCodeAt(behind));
}

/** `'x password="a"'`: the quote was opened before the name. Otherwise it goes on with the value: `password='a'"b"`. */
function closesOuter(scan: Scan, name: Name, code: number): boolean {
  if (!isQuote(code)) return false;
  const first = code === QUOTE ? scan.firstQuote : scan.firstApostrophe;
  return first < name.from - (name.quoted ? 1 : 0);
}

/** By what stands before the name, what may stand behind the value. */
const SEPARATORS: Readonly<Record<string, string>> = { '?': '&#', '&': '&#', ',': ',', ';': ';', '{': ',}', '(': ',)', '[': ',]' };

/** Within escaped quotes it is an escaped one that ends the value; without any the value goes on to the end. */
function quoteEnd(text: string, from: number, open: { readonly quote: number; readonly escaped: boolean }): number {
  if (open.escaped) {
    const close = text.indexOf(String.fromCharCode(BACKSLASH, open.quote), from);
    return close < 0 ? text.length : close;
  }
  const close = closingQuote(text, from, open.quote);
  return close < 0 ? text.length : close;
}

function memberEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isSpace(text.charCodeAt(at)) && !',}]'.includes(text.charAt(at))) at++;
  return at;
}

function bareEnd(scan: Scan, name: Name, start: number): number {
  const { text } = scan;
  if (name.from === 0) return text.length;
  const before = text.charCodeAt(name.from - 1);
  if (isQuote(before)) return quoteEnd(text, start, { quote: before, escaped: text.charCodeAt(name.from - 2) === BACKSLASH });
  const spaced = scan.firstSpace < name.from;
  switch (text.charAt(name.from - 1)) {
    case '?':
    case '&':
      return endBefore(text, start, '&#"\'');
    case ',':
    case '{':
    case '(':
    case '[':
      return listEnd(text, start, { separator: ',', spaced });
    case ';':
      return listEnd(text, start, { separator: ';', spaced });
    default:
      return spaced ? withoutQuote(text, start, spaceFrom(text, start)) : text.length;
  }
}

function endBefore(text: string, from: number, characters: string): number {
  let at = from;
  while (at < text.length && !isSpace(text.charCodeAt(at)) && !characters.includes(text.charAt(at))) at++;
  return at;
}

function listEnd(text: string, from: number, list: { readonly separator: string; readonly spaced: boolean }): number {
  if (list.spaced) return withoutQuote(text, from, endBefore(text, from, list.separator));
  const end = text.indexOf(list.separator, from);
  return end < 0 ? text.length : end;
}

/** A quote before a space closes what began before the name. */
function withoutQuote(text: string, from: number, to: number): number {
  return to > from && isQuote(text.charCodeAt(to - 1)) ? to - 1 : to;
}

/** `Authorization: Bearer x`: how it is said is no secret, and good to know. */
const SCHEMES = /^(?:basic|bearer|digest|negotiate|ntlm|token|apikey|aws4-hmac-sha256)(?:\\?\s)+/i;

function skipScheme(text: string): void {
  const scheme = SCHEMES.exec(text.slice(value.from, Math.min(value.to + 1, value.from + 40)));
  const behind = value.from + (scheme?.[0].length ?? 0);
  if (scheme === null || behind >= text.length) return;
  if (behind >= value.to) value.to = spaceFrom(text, behind);
  value.from = behind;
}
