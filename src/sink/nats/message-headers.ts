/** The lines of headers of a message, read where they are asked for: what the client makes of them takes as long as all else about a message. */
export class MessageHeaders {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The first of this name; undefined: there is none. */
  get(name: string): string | undefined {
    const line = `\r\n${name}:`;
    const at = this.#text.indexOf(line);
    if (at < 0) return undefined;
    const end = this.#text.indexOf('\r\n', at + 2);
    return this.#text.slice(at + line.length, end < 0 ? undefined : end).trim();
  }

  /** Of a message by which the server itself says something, such as 409; 0: it is none. */
  get status(): number {
    return Number(/^NATS\/1\.0 +(\d{3})/.exec(this.#text)?.[1] ?? 0);
  }

  /** What it says, in its words. */
  get description(): string {
    return /^NATS\/1\.0 +\d{3} *([^\r]*)/.exec(this.#text)?.[1] ?? '';
  }
}
