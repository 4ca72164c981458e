/** What the characters around and in a value say: where it ends, and whether it can be a secret at all. */

export const QUOTE = 0x22;
export const APOSTROPHE = 0x27;
export const BACKSLASH = 0x5c;
export const DOLLAR = 0x24;

const NO_SECRETS: ReadonlySet<string> = new Set(
  'true false yes no on off null none nil undefined - * stdin prompt ask enabled disabled required optional basic digest ; , ( ) { }'.split(
    ' ',
  ),
);
const LONGEST_WORD = 9;

export function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

export function isQuote(code: number): boolean {
  return code === QUOTE || code === APOSTROPHE;
}

/** Longer paths are not looked at. */
const LONGEST_FILE = 256;
const KEY_FILE = /^(?:~|\.{1,2})?\/(?:[\w./-]+\.(?:pem|key|crt|cer|der|p12|pfx|jks|pub|json|ya?ml|txt|env)|(?:[\w.-]+\/)*\.ssh\/[\w.-]+)$/;

/** `--token=none`, `PASSWORD=true`: a switch or a method, hardly ever a secret. Nor is a file that says what it is: `--private-key /etc/x.pem`. */
export function isSetting(text: string, from: number, to: number): boolean {
  if (to - from <= LONGEST_WORD && NO_SECRETS.has(text.slice(from, to).toLowerCase())) return true;
  return isPath(text, from) && to - from <= LONGEST_FILE && KEY_FILE.test(text.slice(from, to));
}

/** `--secret id=npm,src=…`: where a secret is found. */
export function isLocator(text: string, at: number): boolean {
  return text.startsWith('id=', at) || text.startsWith('type=', at);
}

/** / . or ~ */
export function isPath(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x2f || code === 0x2e || code === 0x7e;
}

/** Of more than this nobody makes a name. */
const LONGEST_REFERENCE = 128;

/** A variable that a shell is going to fill in: what it holds is not here. */
export function isReference(text: string, from: number, to: number): boolean {
  return (
    text.charCodeAt(from) === DOLLAR &&
    to - from <= LONGEST_REFERENCE &&
    /^\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})[;&|)]?$/.test(text.slice(from, to))
  );
}

const SHORTEST_RANDOM = 16;
/** So much of a value is looked at. */
const LONGEST_RANDOM = 128;

/** Made by a machine to be guessed by none: for values whose name says too little. Paths, words and numbers are not. */
export function looksRandom(text: string, from: number, to: number): boolean {
  if (to - from < SHORTEST_RANDOM) return false;
  const value = text.slice(from, Math.min(to, from + LONGEST_RANDOM));
  return isRandom(value, /^[\w+=-]+$/);
}

/** The same of a value whose end is not known: by its beginning. */
export function beginsRandom(text: string, from: number): boolean {
  const beginning = text.slice(from, from + LONGEST_RANDOM);
  return isRandom(/^[\w+=-]*/.exec(beginning)?.[0] ?? '', /^.{16}/);
}

function isRandom(value: string, form: RegExp): boolean {
  if (!form.test(value) || !/\d/.test(value) || !/[A-Za-z]/.test(value)) return false;
  return /^[a-f0-9]+$/i.test(value) || !/[a-z]/.test(value) || /[A-Z]/.test(value);
}

/** Where the text that stands in quotes from `from` on ends: before the next such quote that no backslash escapes; -1: there is none. */
export function closingQuote(text: string, from: number, quote: number): number {
  if (quote === APOSTROPHE) return text.indexOf("'", from);
  let at = text.indexOf('"', from);
  while (at > from && isEscaped(text, at, from)) at = text.indexOf('"', at + 1);
  return at;
}

function isEscaped(text: string, at: number, from: number): boolean {
  let backslashes = 0;
  while (at - backslashes > from && text.charCodeAt(at - backslashes - 1) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

export function spaceFrom(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isSpace(text.charCodeAt(at))) at++;
  return at;
}
