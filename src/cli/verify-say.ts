import { escapeText } from '../core/text.ts';
import type { CliIo } from './io.ts';
import { print } from './print.ts';
import { styleFor } from './style.ts';

/** What was found beside the verdict, in its own line. */
export async function say(io: CliIo, how: 'error' | 'note', text: string): Promise<void> {
  const style = styleFor(io.stderr, io.env);
  await print(io.stderr, `${how === 'error' ? style.red('error') : style.yellow('note')}: ${escapeText(text)}\n`);
}
