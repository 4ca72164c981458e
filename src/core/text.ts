/**
 * What a terminal would obey instead of show: C0 and C1 controls, DEL, bidirectional controls (they can make a line read as another),
 * the Unicode line separators, the byte order mark, and lone surrogates, which are not text at all.
 */
const UNPRINTABLE =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text on one line, with every character that is not to be printed as a backslash escape. */
export function escapeText(text: string): string {
  return text.replace(UNPRINTABLE, escapeCharacter);
}

function escapeCharacter(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** The beginning of a text that may be long, escaped; an ellipsis says that something is missing. */
export function excerpt(text: string, length: number): string {
  return text.length <= length ? escapeText(text) : `${escapeText(text.slice(0, length - 1))}…`;
}
