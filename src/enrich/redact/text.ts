import { maskAssignment } from './assignment.ts';
import { maskElement, maskQuoted } from './quoted.ts';
import type { Scan } from './scan.ts';
import { isAlphanumeric, maskPem, maskShape } from './shapes.ts';
import { maskUrl } from './url.ts';
import { APOSTROPHE, QUOTE, isQuote, isSpace } from './value.ts';

const EQUALS = 0x3d;
const COLON = 0x3a;
const DASH = 0x2d;
const SLASH = 0x2f;
const GREATER = 0x3e;

/**
 * Masks what is a secret whatever the program: by its name, in an address, by its looks. From the first character to the last without
 * going back further than a name is long, so that the time is in proportion to the length, whatever the text.
 */
export function scanText(scan: Scan): void {
  const { text } = scan;
  scan.firstSpace = Number.POSITIVE_INFINITY;
  scan.firstQuote = Number.POSITIVE_INFINITY;
  scan.firstApostrophe = Number.POSITIVE_INFINITY;
  scan.undottedUntil = 0;
  let inWord = false;
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    let next = at;
    if (code === COLON || code === EQUALS) next = delimiter(scan, at);
    else if (isAlphanumeric(code)) {
      if (!inWord) next = maskShape(scan, at);
      inWord = true;
    } else {
      if (code === DASH) next = maskPem(scan, at);
      else if (scan.names && isQuote(code)) next = maskQuoted(scan, at);
      else if (scan.names && code === GREATER) next = maskElement(scan, at);
      if (next === at) noteFirst(scan, code, at);
      inWord = false;
    }
    if (next > at || code === COLON || code === EQUALS) inWord = false;
    at = next > at ? next : at + 1;
  }
}

function noteFirst(scan: Scan, code: number, at: number): void {
  if (code === QUOTE) scan.firstQuote = Math.min(scan.firstQuote, at);
  else if (code === APOSTROPHE) scan.firstApostrophe = Math.min(scan.firstApostrophe, at);
  else if (scan.firstSpace > at && isSpace(code)) scan.firstSpace = at;
}

function delimiter(scan: Scan, at: number): number {
  const { text } = scan;
  const isUrl = text.charCodeAt(at) === COLON && text.charCodeAt(at + 1) === SLASH && text.charCodeAt(at + 2) === SLASH;
  if (isUrl) return maskUrl(scan, at);
  return scan.names ? maskAssignment(scan, at) : at + 1;
}
