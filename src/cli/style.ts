import { usesColour, usesUnicode } from './io.ts';
import type { CliIo, CliOutput } from './io.ts';

/** How text is dressed for one output: the same calls give plain ASCII where nothing more is understood. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly red: (text: string) => string;
  readonly good: string;
  readonly doubtful: string;
  readonly bad: string;
}

/** Select Graphic Rendition: attribute on, attribute off. */
const SGR = { bold: [1, 22], dim: [2, 22], green: [32, 39], yellow: [33, 39], red: [31, 39] } as const;

export function styleFor(output: CliOutput, env: CliIo['env']): Style {
  const colour = usesColour(output, env);
  const paint =
    ([on, off]: readonly [number, number]) =>
    (text: string): string =>
      colour ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  const signs = usesUnicode(env) ? { good: '✓', doubtful: '!', bad: '✗' } : { good: 'ok', doubtful: '! ', bad: 'X ' };
  return { bold: paint(SGR.bold), dim: paint(SGR.dim), green: paint(SGR.green), yellow: paint(SGR.yellow), red: paint(SGR.red), ...signs };
}

/** Breaks at spaces so that lines stay within `width`; words longer than that stay whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
