/** Where a command reads and writes. Results go to `stdout`, messages to `stderr`; tests pass streams of their own. */
export interface CliIo {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type CliOutput = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** Colour only on a terminal that knows it, and never with NO_COLOR (https://no-color.org: set and not empty). */
export function usesColour(output: CliOutput, env: CliIo['env']): boolean {
  return output.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

/** Whether characters beyond ASCII may be printed, by the locale's usual variables, most specific first. */
export function usesUnicode(env: CliIo['env']): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '');
  return /utf-?8/i.test(locale ?? '');
}
