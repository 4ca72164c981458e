import { Agent } from '../agent/agent.ts';
import { originOf } from '../agent/origin.ts';
import type { Screen } from '../agent/screen.ts';
import { prepareDataDir } from '../agent/data-dir.ts';
import { tellLeftSpools } from '../agent/left-spools.ts';
import { Reloader } from '../agent/reloader.ts';
import { loadConfig } from '../config/load.ts';
import type { LoadedConfig } from '../config/load.ts';
import { asAgentError, exitCodeOf } from '../core/errors.ts';
import { startLongTimer } from '../core/long-timer.ts';
import { parseDuration } from '../core/units.ts';
import { createLog } from '../telemetry/log.ts';
import type { LogOutput, Logger } from '../telemetry/log.ts';
import type { RunOptions } from './actions.ts';
import type { CliIo } from './io.ts';
import { usesColour } from './io.ts';
import { closingText, statusLine } from './run-report.ts';
import { LAST_WORDS_MS, within } from './patience.ts';
import { tell } from './print.ts';
import { reportError } from './report-error.ts';
import { StopRequests, asksForReload, stopper } from './stop-requests.ts';
import type { RunHost } from './stop-requests.ts';
import { styleFor } from './style.ts';
import { packageVersion } from './version.ts';

/** `forkcast run`: resolves to the exit code after everything is closed and what went wrong is said. No reader can keep it from ending. */
export async function runCommand(options: RunOptions, io: CliIo, host: RunHost): Promise<number> {
  const requests = new StopRequests(host);
  try {
    return await runOnData(options, io, { host, requests });
  } catch (error) {
    // What was asked for is no error.
    if (asAgentError(error).code === 'STOPPED_EARLY') return 0;
    return await within(LAST_WORDS_MS, reportError(error, io), exitCodeOf(asAgentError(error)));
  } finally {
    requests.release();
  }
}

async function runOnData(options: RunOptions, io: CliIo, { host, requests }: Pick<Run, 'host' | 'requests'>): Promise<number> {
  const loaded = loadOptions(options);
  const { config } = loaded;
  const dumb = io.env['TERM'] === 'dumb';
  const screen: Screen = { output: io.stdout, colour: usesColour(io.stdout, io.env), dumb, status: () => '' };
  const log = createLog(logOutput(io, screen), { level: config.telemetry.logLevel, colour: usesColour(io.stderr, io.env) });
  const dataDir = await prepareDataDir(config.agent.dataDir, log);
  try {
    await tellLeftSpools(config, log);
    return await runAgent({ loaded, options, io, host, log, screen, requests });
  } finally {
    await dataDir.release();
  }
}

function loadOptions({ config, set }: RunOptions): LoadedConfig {
  return loadConfig({ file: config, overrides: set });
}

interface Run {
  readonly loaded: LoadedConfig;
  readonly options: RunOptions;
  readonly io: CliIo;
  readonly host: RunHost;
  readonly log: Logger;
  readonly screen: Screen;
  readonly requests: StopRequests;
}

/** Where both are the same terminal, the view prints the log's lines: two writers would tear its status line. */
function logOutput(io: CliIo, screen: Screen): LogOutput {
  const { stderr, stdout } = io;
  if (stderr.isTTY !== true || stdout.isTTY !== true) return stderr;
  return { isTTY: true, write: (text) => screen.announce?.(text.trimEnd()) === true || stderr.write(text) };
}

async function runAgent({ loaded, options, io, host, log, screen, requests }: Run): Promise<number> {
  const agent: Agent = new Agent(loaded.config, { origin: await originOf(loaded.config, packageVersion()), log, screen });
  const reloader = new Reloader(loaded, { agent, load: () => loadOptions(options), log });
  screen.status = (): string => statusLine(agent);
  const releaseExit = host.onExit(() => agent.abandon());
  const stop = stopper(agent, log);
  requests.handOver((signal) => (asksForReload(signal, io) ? reloader.request() : stop(signal)));
  let cancelTimer = (): void => undefined;
  try {
    await agent.start();
    if (options.duration !== undefined) cancelTimer = startLongTimer(parseDuration(options.duration), () => agent.stop('duration over'));
    const running = agent.run();
    reloader.begin();
    await running;
    return 0;
  } finally {
    cancelTimer();
    releaseExit();
    await reloader.end();
    if (agent.state === 'stopped' || agent.books.upstream.heard > 0)
      await within(LAST_WORDS_MS, tell(io.stderr, closingText(agent, styleFor(io.stderr, io.env))), undefined);
  }
}
