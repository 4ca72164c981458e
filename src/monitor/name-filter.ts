/** What a process goes by. */
export interface Named {
  /** As the kernel keeps it: at most 15 bytes, and the process may change it. */
  readonly name: string | null;
  /** Path of the executable. */
  readonly exe: string | null;
}

/**
 * Processes by name: the kernel's name, or the file name of the executable, which is not cut after 15 bytes. A text must be equal to either, a
 * pattern must be found in either.
 */
export class NameFilter {
  /** Equal for equal filters. */
  readonly key: string;
  readonly #matches: (text: string) => boolean;

  constructor(name: string | RegExp) {
    this.key = typeof name === 'string' ? `=${name}` : String(name);
    if (typeof name === 'string') {
      this.#matches = (text) => text === name;
    } else {
      // With g or y a pattern remembers where its last match was.
      const stateless = new RegExp(name.source, name.flags.replaceAll(/[gy]/g, ''));
      this.#matches = (text) => stateless.test(text);
    }
  }

  matches({ name, exe }: Named): boolean {
    return (name !== null && this.#matches(name)) || (exe !== null && this.#matches(exe.slice(exe.lastIndexOf('/') + 1)));
  }
}
