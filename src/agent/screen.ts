/** The terminal, or whatever stdout is, as the sinks for people see it. */
export interface Screen {
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly colour: boolean;
  /** A terminal without control sequences (TERM=dumb). */
  readonly dumb?: boolean;
  /** One line about the whole agent, without line end. */
  status: () => string;
  /** Set by a view that owns the terminal: prints a line without disturbing it. False when it could not. */
  announce?: (line: string) => boolean;
}
