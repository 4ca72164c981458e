import { safeJson } from '../text/safe-json.ts';

/** What JSON itself would escape, and everything beyond printable ASCII. */
const NOT_PLAIN = /[^ !#-[\]-~]/;

/** A string as JSON that can be shown on a terminal. Most need no escape, and then nothing is looked at twice. */
export const quote = (text: string): string => (NOT_PLAIN.test(text) ? escape(text) : `"${text}"`);

/** The same without its quotes. */
export const escaped = (text: string): string => (NOT_PLAIN.test(text) ? escape(text).slice(1, -1) : text);

/** A lone surrogate is no Unicode: parsers differ on its escape, and some refuse the whole record. */
const escape = (text: string): string => safeJson(text.toWellFormed());
