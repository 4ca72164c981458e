import { escapeText } from '../../core/text.ts';
import { roundSize } from '../../core/units.ts';
import type { DeadLetter } from '../../sink/dead-letter/line.ts';
import type { CliIo } from '../io.ts';
import { print } from '../print.ts';
import { isChosen, lettersOf, sinksWithLetters, tellDamage } from './letters.ts';
import type { LetterChoice } from './letters.ts';

export interface DlqListOptions extends LetterChoice {
  readonly json?: true;
}

interface Summary {
  readonly sink: string;
  letters: number;
  /** On the disk. */
  bytes: number;
  oldest: string | null;
  newest: string | null;
  readonly codes: Record<string, number>;
  damaged: number;
}

/** `forkcast dlq list`: how many there are, of which sinks, and why. Resolves to 1 where lines cannot be read. */
export async function dlqList(dataDir: string, options: DlqListOptions, io: CliIo): Promise<number> {
  const summaries: Summary[] = [];
  for (const sink of await sinksWithLetters(dataDir, options)) summaries.push(await summaryOf(dataDir, sink, { options, io }));
  await print(io.stdout, options.json === true ? `${JSON.stringify({ sinks: summaries }, null, 2)}\n` : table(summaries, options));
  return summaries.some(({ damaged }) => damaged > 0) ? 1 : 0;
}

async function summaryOf(dataDir: string, sink: string, { options, io }: { options: DlqListOptions; io: CliIo }): Promise<Summary> {
  const summary: Summary = { sink, letters: 0, bytes: 0, oldest: null, newest: null, codes: {}, damaged: 0 };
  for await (const file of lettersOf(dataDir, sink)) {
    summary.damaged += await tellDamage(file, io);
    for (const line of file.lines) if ('letter' in line && isChosen(options, line.letter)) count(summary, line.letter, line.raw.length);
  }
  return summary;
}

function count(summary: Summary, { time, code }: DeadLetter, bytes: number): void {
  summary.letters += 1;
  summary.bytes += bytes;
  if (summary.oldest === null || time < summary.oldest) summary.oldest = time;
  if (summary.newest === null || time > summary.newest) summary.newest = time;
  summary.codes[code] = (summary.codes[code] ?? 0) + 1;
}

function table(summaries: readonly Summary[], { code }: LetterChoice): string {
  const found = summaries.filter(({ letters }) => letters > 0);
  if (found.length === 0)
    return code === undefined ? 'no dead letters\n' : `no dead letters with the code ${escapeText(code.toUpperCase())}\n`;
  const width = Math.max(...found.map(({ sink }) => sink.length));
  const lines = found.map(({ sink, letters, bytes, oldest, newest, codes }) => {
    const reasons = Object.entries(codes).map(([code, number]) => `${code} ${number.toLocaleString('en')}`);
    const span = oldest === newest ? oldest : `${oldest} to ${newest}`;
    return `${sink.padEnd(width)}  ${letters.toLocaleString('en')} (${roundSize(bytes)}), ${span}: ${reasons.join(', ')}\n`;
  });
  return lines.join('');
}
