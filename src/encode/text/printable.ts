import { escapeText } from '../../core/text.ts';

/** Beyond printable ASCII. Most texts have nothing there, and to ask is cheaper than to escape. */
const NOT_PLAIN = /[^ -~]/;

export const isPlain = (text: string): boolean => !NOT_PLAIN.test(text);

/** On one line, nothing in it that a terminal would obey. */
export function printable(text: string): string {
  return isPlain(text) ? text : escapeText(text);
}
