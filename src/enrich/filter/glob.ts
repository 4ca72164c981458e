/**
 * Patterns for paths and names: `*` stands for any characters, / among them, `?` for one, `\` takes the meaning of the character behind it.
 * All of the text must match. Between two stars the first place that fits is the right one, so that a text is gone through once.
 */
export class Glob {
  /** The texts between the stars; what is ? in them is NUL, which neither a path nor a name has in it. */
  readonly #parts: readonly string[];
  readonly #hasAny: boolean;

  constructor(pattern: string) {
    this.#parts = partsOf(pattern);
    this.#hasAny = this.#parts.some((part) => part.includes(ANY));
  }

  /** @param from where in the text that begins which must match */
  matches(text: string, from = 0): boolean {
    const parts = this.#parts;
    const first = parts[0] as string;
    if (parts.length === 1) return text.length - from === first.length && this.#stands(text, first, from);
    const last = parts[parts.length - 1] as string;
    const end = text.length - last.length;
    let at = from + first.length;
    if (end < at || !this.#stands(text, first, from) || !this.#stands(text, last, end)) return false;
    for (let i = 1; i < parts.length - 1; i++) {
      const part = parts[i] as string;
      at = this.#find(text, part, at);
      if (at < 0 || at + part.length > end) return false;
      at += part.length;
    }
    return true;
  }

  #stands(text: string, part: string, at: number): boolean {
    if (!this.#hasAny) return text.startsWith(part, at);
    for (let i = 0; i < part.length; i++) {
      const wanted = part.charCodeAt(i);
      if (wanted !== 0 && wanted !== text.charCodeAt(at + i)) return false;
    }
    return true;
  }

  #find(text: string, part: string, from: number): number {
    if (!this.#hasAny) return text.indexOf(part, from);
    for (let at = from; at + part.length <= text.length; at++) if (this.#stands(text, part, at)) return at;
    return -1;
  }
}

const ANY = '\0';

function partsOf(pattern: string): string[] {
  const parts = [''];
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern.charAt(i);
    if (character === '*') parts.push('');
    else
      parts[parts.length - 1] += character === '?' ? ANY : character === '\\' && i + 1 < pattern.length ? pattern.charAt(++i) : character;
  }
  return parts;
}
