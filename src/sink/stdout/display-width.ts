/**
 * How many columns text takes on a terminal. Where terminals differ (ambiguous characters, joined emoji) the larger number is taken:
 * a line that is thought too wide is cut a little early, one that is thought too narrow wraps and spoils the view.
 */

/** Select Graphic Rendition: the only control sequences in lines of ours; they take no room. */
// oxlint-disable-next-line no-control-regex
const SGR = /\u001b\[[\d;]*m/y;
const RESET = '\u001b[0m';

/** Combining marks, joiners, and the vowels and final consonants of decomposed Hangul. */
const ZERO = /^[\p{Mn}\p{Me}\u200b-\u200d\u1160-\u11ff]$/u;
const HALF = /^[\uff61-\uffdc\uffe8-\uffee]$/;
const WIDE =
  /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Yi}\p{Script=Tangut}\p{Emoji_Presentation}\u2e80-\u303e\u3099-\u30ff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]$/u;
/** Makes the character before it an emoji, which is wide. */
const EMOJI_SELECTOR = '\ufe0f';

function columnsOf(character: string): number {
  if (character < '\u0300') return 1;
  if (character === EMOJI_SELECTOR) return 1;
  if (ZERO.test(character)) return 0;
  return !HALF.test(character) && WIDE.test(character) ? 2 : 1;
}

/** The text, or as much of it as fits with an ellipsis behind it. Colours it leaves on are switched off. */
export function fitColumns(text: string, columns: number): string {
  if (text.length <= columns && isAscii(text)) return text;
  let used = 0;
  let coloured = false;
  /** Where to cut so that an ellipsis still fits. */
  let cut = 0;
  for (let at = 0; at < text.length;) {
    const colour = sgrAt(text, at);
    if (colour !== undefined) {
      coloured = true;
      at += colour.length;
    } else {
      const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
      used += columnsOf(character);
      if (used > columns) return `${text.slice(0, cut)}…${coloured ? RESET : ''}`;
      at += character.length;
    }
    if (used <= columns - 1) cut = at;
  }
  return text;
}

const INDENT = '  ';

/** The text in lines that fit, broken at blanks where there are any; all but the first are indented by two. */
export function wrapColumns(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (let rest = text; ;) {
    const indent = lines.length === 0 || columns <= 2 * INDENT.length ? '' : INDENT;
    const end = lineEnd(rest, columns - indent.length);
    if (end >= rest.length) return [...lines, indent + rest];
    lines.push(indent + rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
}

/** Where to break: behind the last blank within the columns, else behind the last character that fits; always behind one character. */
function lineEnd(text: string, columns: number): number {
  let used = 0;
  let blank = 0;
  for (let at = 0; at < text.length;) {
    const colour = sgrAt(text, at);
    const character = colour ?? String.fromCodePoint(text.codePointAt(at) ?? 0);
    if (colour === undefined) used += columnsOf(character);
    if (used > columns && character === ' ') return at;
    if (used > columns) return blank > 0 ? blank : Math.max(at, character.length);
    at += character.length;
    if (character === ' ' && at < text.length) blank = at;
  }
  return text.length;
}

function sgrAt(text: string, at: number): string | undefined {
  if (text.codePointAt(at) !== 0x1b) return undefined;
  SGR.lastIndex = at;
  return SGR.exec(text)?.[0];
}

function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}
