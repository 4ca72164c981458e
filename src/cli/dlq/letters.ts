import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { deadLetterRoot } from '../../agent/dead-letters.ts';
import { SINK_NAME } from '../../config/schema.ts';
import { AgentError } from '../../core/errors.ts';
import { errnoName, fileError } from '../../core/system-error.ts';
import { escapeText } from '../../core/text.ts';
import { letterId } from '../../sink/dead-letter/line.ts';
import type { DeadLetter } from '../../sink/dead-letter/line.ts';
import { readLetters } from '../../sink/dead-letter/read-letters.ts';
import type { ReadFile } from '../../sink/dead-letter/read-letters.ts';
import type { CliIo } from '../io.ts';
import { print } from '../print.ts';
import { styleFor } from '../style.ts';

/** Which dead letters a command is about; what is not given restricts nothing. */
export interface LetterChoice {
  readonly sink?: string;
  /** Of errors, such as RECORD_REJECTED. */
  readonly code?: string;
  /** `<agent_id>:<sequence>` */
  readonly ids?: readonly string[];
}

export function isChosen({ code, ids = [] }: LetterChoice, letter: DeadLetter): boolean {
  if (code !== undefined && letter.code !== code.toUpperCase()) return false;
  return ids.length === 0 || ids.includes(letterId(letter));
}

/** The sinks that have a folder of dead letters, by name. Throws FILE_NOT_FOUND, DATA_DIR_PERMISSION, FILE_IO, or USAGE where the chosen one has none. */
export async function sinksWithLetters(dataDir: string, { sink }: LetterChoice): Promise<string[]> {
  const root = deadLetterRoot(dataDir);
  try {
    await stat(dataDir);
    const entries = await readdir(root, { withFileTypes: true }).catch(noneIfAbsent);
    const sinks = entries.filter((entry) => entry.isDirectory() && SINK_NAME.test(entry.name)).map(({ name }) => name);
    if (sink === undefined) return sinks.toSorted();
    if (!sinks.includes(sink)) throw unknownSink(sink, sinks);
    return [sink];
  } catch (error) {
    throw readingFault(dataDir, error);
  }
}

function noneIfAbsent(error: unknown): [] {
  if (errnoName(error) === 'ENOENT') return [];
  throw error;
}

function unknownSink(sink: string, sinks: readonly string[]): AgentError {
  const fix = sinks.length === 0 ? 'No sink has any.' : `Sinks that have some: ${sinks.join(', ')}.`;
  return new AgentError('USAGE', `the sink ${escapeText(sink)} has no dead letters`, { fix });
}

/** The files of one sink, oldest first. Throws DATA_DIR_PERMISSION or FILE_IO. */
export async function* lettersOf(dataDir: string, sink: string): AsyncGenerator<ReadFile, void> {
  try {
    yield* readLetters(join(deadLetterRoot(dataDir), sink));
  } catch (error) {
    throw readingFault(dataDir, error);
  }
}

function readingFault(dataDir: string, error: unknown): AgentError {
  const errno = error instanceof AgentError ? error.context['errno'] : errnoName(error);
  const name = escapeText(dataDir);
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new AgentError('DATA_DIR_PERMISSION', `the dead letters in ${name} cannot be read by this user`, {
      cause: error,
      context: { path: dataDir },
      fix: 'Run this as the user of the agent, or as root.',
    });
  }
  if (errno === 'ENOENT') {
    return new AgentError('FILE_NOT_FOUND', `there is no data directory ${name}`, {
      cause: error,
      context: { path: dataDir },
      fix: 'Name that of the agent: -c with its configuration, or --set agent.data_dir=FOLDER.',
    });
  }
  return error instanceof AgentError ? error : fileError({ action: 'read the dead letters in', path: dataDir }, error);
}

/** Says on stderr which lines of a file cannot be read; how many they are. */
export async function tellDamage({ lines }: ReadFile, io: CliIo): Promise<number> {
  let damaged = 0;
  for (const line of lines) {
    if (!('damage' in line)) continue;
    damaged += 1;
    const place = `${escapeText(line.path)}:${line.line}`;
    await print(io.stderr, `${styleFor(io.stderr, io.env).yellow('warning')}: ${place} ${line.damage}; it is left as it is\n`);
  }
  return damaged;
}
