/**
 * Texts in quotes that the words before them make a secret, without = or colon: `IDENTIFIED BY 'x'` and `PASSWORD 'x'` of SQL, and what a script
 * sends after it was asked for a password (`expect "assword:"; send "x\r"`). Likewise elements of XML by their names: `<password>x</password>`.
 */
import { SECRET, nameClass } from './name.ts';
import type { Scan } from './scan.ts';
import { BACKSLASH, isQuote, isReference, isSpace } from './value.ts';

/** For the filter that goes first (stems.ts); of all others a word of name.ts is a part. */
export const QUOTED_STEMS: readonly string[] = ['ied', 'swo'];

/** So much before the quote says what it holds. */
const REACH = 96;
/** So far back it may be asked for. */
const ASKED_REACH = 512;

// Spaces of ASCII only: bytes that are no text are searched as well.
const OF_SQL =
  /(?:^|\W)(?:password(?:[ \t\r\n]+|[ \t\r\n]*\([ \t\r\n]*)|identified[ \t\r\n]+(?:with[ \t\r\n]+\S+[ \t\r\n]+)?(?:by|as)[ \t\r\n]*(?:password[ \t\r\n]*)?|password[ \t\r\n]+for[ \t\r\n]+\S+[ \t\r\n]*(?:=|\bto\b)[ \t\r\n]*|(?:auth|changeuserpassword)\([ \t\r\n]*["'][^"']*["'][ \t\r\n]*,[ \t\r\n]*)$/i;
const OF_DIALOGUE = /(?:^|\W)send(?:line)?[ \t\r\n]*(?:\([ \t\r\n]*|--[ \t\r\n]+)?$/;

/** @param at of a quote. Returns where to search on: behind the text in it where that was masked, else `at`. */
export function maskQuoted({ text, spans, refers }: Scan, at: number): number {
  if (!opens(text, at) || !mayFollow(text, at)) return at;
  const before = text.slice(Math.max(0, at - REACH), at);
  if (!OF_SQL.test(before) && !(OF_DIALOGUE.test(before) && /assw|assphrase/i.test(text.slice(Math.max(0, at - ASKED_REACH), at))))
    return at;
  const end = quotedEnd(text, at);
  if (refers && isReference(text, at + 1, end)) return at;
  spans.add(text, at + 1, end);
  return Math.min(end + 1, text.length);
}

/** Behind one that closes stands something that separates. */
function opens(text: string, at: number): boolean {
  const next = text.charCodeAt(at + 1);
  return !Number.isNaN(next) && !isSpace(next) && !isQuote(next) && !';|&,)]}'.includes(text.charAt(at + 1));
}

/** The last letter of what the patterns want, so that most quotes cost one look. */
function mayFollow(text: string, at: number): boolean {
  let last = at - 1;
  while (last >= 0 && at - last < REACH && isSpace(text.charCodeAt(last))) last--;
  return last >= 0 && '(=,-dDeEyYsSoO'.includes(text.charAt(last));
}

/** Longer names of elements are not looked at. */
const LONGEST_ELEMENT = 64;

/** @param at of a >. Returns where to search on: before the next < where what is between them was masked, else `at`. */
export function maskElement({ text, spans }: Scan, at: number): number {
  let from = at;
  while (from > 0 && at - from < LONGEST_ELEMENT && !/[\s<>/]/.test(text.charAt(from - 1))) from--;
  if (from === at || text.charAt(from - 1) !== '<' || nameClass(text, from, at) !== SECRET) return at;
  const next = text.indexOf('<', at);
  const end = next < 0 ? text.length : next;
  spans.add(text, at + 1, end);
  return end;
}

/** Both ways to have a quote within: doubled, and behind a backslash. Where SQL means neither, more is masked. */
function quotedEnd(text: string, open: number): number {
  const quote = text.charCodeAt(open);
  for (let at = open + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === quote) {
      if (text.charCodeAt(at + 1) !== quote) return at;
      at++;
    }
  }
  return text.length;
}
