/**
 * One copy of strings that repeat in the thousands (cgroup paths, executables, names). When full it forgets all it knows:
 * strings in use live on, only their sharing starts anew, so a host that makes cgroups for ever costs a bounded amount.
 */
export class StringPool {
  readonly #strings = new Map<string, string>();
  readonly #max: number;

  constructor(max = 8192) {
    this.#max = max;
  }

  share(text: string): string {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    if (this.#strings.size >= this.#max) this.#strings.clear();
    this.#strings.set(text, text);
    return text;
  }

  get size(): number {
    return this.#strings.size;
  }
}
