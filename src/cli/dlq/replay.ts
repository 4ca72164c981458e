import { prepareDataDir } from '../../agent/data-dir.ts';
import { deadLetterRoot } from '../../agent/dead-letters.ts';
import { replayLetters } from '../../agent/replay-letters.ts';
import type { ReplayResult } from '../../agent/replay-letters.ts';
import { keptSinkIds, sinkIdOf } from '../../agent/sink-ids.ts';
import type { Config, SinkConfig } from '../../config/config.ts';
import { AgentError } from '../../core/errors.ts';
import { createLog } from '../../telemetry/log.ts';
import { loadRunIdentity } from '../../enrich/identity.ts';
import type { Logger } from '../../telemetry/log.ts';
import { usesColour } from '../io.ts';
import type { CliIo } from '../io.ts';
import { print } from '../print.ts';
import type { RunHost } from '../stop-requests.ts';
import { isChosen, sinksWithLetters } from './letters.ts';
import type { LetterChoice } from './letters.ts';

export interface DlqReplayOptions extends LetterChoice {
  readonly json?: true;
}

interface Surroundings {
  readonly io: CliIo;
  readonly host: RunHost;
}

/** `forkcast dlq replay`: into the sinks they come from. Resolves to 1 where something stays. Throws DATA_DIR_LOCKED while an agent runs. */
export async function dlqReplay(config: Config, options: DlqReplayOptions, { io, host }: Surroundings): Promise<number> {
  const { dataDir } = config.agent;
  const names = await sinksWithLetters(dataDir, options);
  const sinks = names.map((name) => configured(config, name));
  const results = sinks.length === 0 ? [] : await replayAll(sinks, { config, options, io }, host);
  await print(io.stdout, options.json === true ? `${JSON.stringify({ sinks: results.map(jsonOf) }, null, 2)}\n` : textOf(results));
  return results.every(isClean) ? 0 : 1;
}

async function replayAll(sinks: readonly SinkConfig[], parts: Omit<Run, 'log' | 'hard'>, host: RunHost): Promise<ReplayResult[]> {
  const { config, io } = parts;
  const log = createLog(io.stderr, { level: config.telemetry.logLevel, colour: usesColour(io.stderr, io.env) });
  const hard = new AbortController();
  const release = host.onSignal(() => hard.abort(new AgentError('STOPPED_EARLY', 'stopped before all was sent')));
  const results: ReplayResult[] = [];
  try {
    const folder = await prepareDataDir(config.agent.dataDir, log);
    try {
      for (const sink of sinks) results.push(await replaySink(sink, { ...parts, log, hard: hard.signal }));
    } finally {
      await folder.release();
    }
  } finally {
    release();
  }
  return results;
}

function configured({ sinks }: Config, name: string): SinkConfig {
  const sink = sinks.find((one) => one.name === name);
  if (sink !== undefined) return sink;
  throw new AgentError('USAGE', `the configuration has no sink ${name}, from which dead letters are here`, {
    fix: `Use the configuration that has it (-c), or choose another with --sink; there are: ${sinks.map((one) => one.name).join(', ')}.`,
  });
}

interface Run {
  readonly config: Config;
  readonly options: DlqReplayOptions;
  readonly log: Logger;
  readonly io: CliIo;
  readonly hard: AbortSignal;
}

function replaySink(sink: SinkConfig, { config, options, log, io, hard }: Run): Promise<ReplayResult> {
  const { dataDir } = config.agent;
  const ids = keptSinkIds(dataDir, [sink.name], (reason) => log.warn({ reason }, 'the ids of the sinks cannot be read'));
  return replayLetters(sink, {
    root: deadLetterRoot(dataDir),
    wanted: (letter) => isChosen(options, letter),
    hard,
    log,
    sinkId: sinkIdOf(ids, sink.name),
    dataDir,
    // Letters are of this host's agent.
    host: loadRunIdentity({}),
    screen: { output: io.stdout, colour: false, dumb: true, status: () => '' },
  });
}

function isClean({ refused, otherFormat, left, damaged }: ReplayResult): boolean {
  return refused + otherFormat + left + damaged === 0;
}

function jsonOf({ sink, delivered, refused, otherFormat, left, damaged }: ReplayResult): object {
  return { sink, delivered, refused, other_format: otherFormat, left, damaged };
}

function textOf(results: readonly ReplayResult[]): string {
  return results.length === 0 ? 'no dead letters\n' : results.map(lineOf).join('');
}

function lineOf({ sink, delivered, refused, otherFormat, left, damaged }: ReplayResult): string {
  const parts = [`${delivered} delivered`];
  if (refused > 0) parts.push(`${refused} refused again`);
  if (otherFormat > 0) parts.push(`${otherFormat} of another format or version than the sink has today`);
  if (left > 0) parts.push(`${left} not sent`);
  if (damaged > 0) parts.push(`${damaged} damaged`);
  return `${sink}: ${parts.join(', ')}\n`;
}
