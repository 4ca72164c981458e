/** What JSON lets through and a terminal would obey: DEL, C1, bidirectional controls, line separators, byte order mark. */
const OBEYED = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** JSON on one line that can be shown on a terminal. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(OBEYED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
