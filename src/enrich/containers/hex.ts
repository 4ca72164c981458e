const ZERO = 0x30,
  NINE = 0x39,
  A = 0x61,
  F = 0x66;

/** Whether `text` is lower-case hexadecimal from `from` to `to`. No expression: these run over text that others wrote. */
export function isHex(text: string, from = 0, to: number = text.length): boolean {
  if (to <= from || to > text.length) return false;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code < ZERO || code > F || (code > NINE && code < A)) return false;
  }
  return true;
}

/** The length of a SHA-256, which most runtimes give their ids although they draw them at random. */
export const ID_LENGTH = 64;

export function isId(text: string): boolean {
  return text.length === ID_LENGTH && isHex(text);
}

/** Groups of hexadecimal digits of the given lengths, joined by dashes. */
export function isHexGroups(text: string, lengths: readonly number[]): boolean {
  const groups = text.split('-', lengths.length + 1);
  return groups.length === lengths.length && groups.every((group, index) => group.length === lengths[index] && isHex(group));
}
