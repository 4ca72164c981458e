import { loadConfig } from '../config/load.ts';
import type { LetterChoice } from './dlq/letters.ts';
import { dlqList } from './dlq/list.ts';
import { dlqReplay } from './dlq/replay.ts';
import { dlqShow } from './dlq/show.ts';
import type { CliIo } from './io.ts';
import type { RunHost } from './stop-requests.ts';

export interface DlqOptions extends LetterChoice {
  readonly action: 'list' | 'show' | 'replay';
  /** Says where the agent keeps its data, and for `replay` what the sinks are. */
  readonly config?: string;
  readonly set: readonly string[];
  readonly json?: true;
}

/** `forkcast dlq …`: resolves to the exit code. */
export async function dlqCommand(options: DlqOptions, io: CliIo, host: RunHost): Promise<number> {
  const { config } = loadConfig({ file: options.config, overrides: options.set });
  switch (options.action) {
    case 'list':
      return dlqList(config.agent.dataDir, options, io);
    case 'show':
      return dlqShow(config.agent.dataDir, options, io);
    case 'replay':
      return dlqReplay(config, options, { io, host });
  }
}
