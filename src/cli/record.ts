import { Recorder } from '../agent/recorder.ts';
import { loadConfig } from '../config/load.ts';
import { asAgentError, exitCodeOf } from '../core/errors.ts';
import { startLongTimer } from '../core/long-timer.ts';
import { escapeText } from '../core/text.ts';
import { parseDuration, roundSize } from '../core/units.ts';
import { createLog } from '../telemetry/log.ts';
import type { RecordOptions } from './actions.ts';
import type { CliIo } from './io.ts';
import { usesColour } from './io.ts';
import { LAST_WORDS_MS, within } from './patience.ts';
import { tell } from './print.ts';
import { reportError } from './report-error.ts';
import { StopRequests, stopper } from './stop-requests.ts';
import type { RunHost } from './stop-requests.ts';
import { styleFor } from './style.ts';
import { packageVersion } from './version.ts';

interface Surroundings {
  readonly io: CliIo;
  readonly host: RunHost;
}

/** `forkcast record`: resolves to the exit code after everything is closed and what went wrong is said. */
export async function recordCommand(file: string, options: RecordOptions, { io, host }: Surroundings): Promise<number> {
  const requests = new StopRequests(host);
  try {
    return await record(file, options, { io, host, requests });
  } catch (error) {
    // What was asked for is no error.
    if (asAgentError(error).code === 'STOPPED_EARLY') return 0;
    return await within(LAST_WORDS_MS, reportError(error, io), exitCodeOf(asAgentError(error)));
  } finally {
    requests.release();
  }
}

async function record(
  file: string,
  options: RecordOptions,
  { io, host, requests }: Surroundings & { readonly requests: StopRequests },
): Promise<number> {
  const { config } = loadConfig({ file: options.config, overrides: options.set });
  const log = createLog(io.stderr, { level: config.telemetry.logLevel, colour: usesColour(io.stderr, io.env) });
  const redact = options.unredacted !== true;
  const recorder = new Recorder(config, { path: file, redact, version: packageVersion(), log });
  const releaseExit = host.onExit(() => recorder.abandon());
  requests.handOver(stopper(recorder, log));
  let cancelTimer = (): void => undefined;
  let unwritten = false;
  try {
    await recorder.start();
    log.info({ path: file, redacted: redact }, 'recording');
    if (options.duration !== undefined) cancelTimer = startLongTimer(parseDuration(options.duration), () => recorder.stop('duration over'));
    await recorder.run();
    return 0;
  } catch (error) {
    unwritten = asAgentError(error).code === 'FILE_IO';
    throw error;
  } finally {
    cancelTimer();
    releaseExit();
    if (recorder.size > 0) await within(LAST_WORDS_MS, tell(io.stderr, closingText(recorder, { file, redact, unwritten, io })), undefined);
  }
}

const n = (value: number): string => value.toLocaleString('en-US');

interface Closing {
  readonly file: string;
  readonly redact: boolean;
  /** What was heard last is not in the file. */
  readonly unwritten: boolean;
  readonly io: CliIo;
}

function closingText({ source, size }: Recorder, { file, redact, unwritten, io }: Closing): string {
  const style = styleFor(io.stderr, io.env);
  const { heard, lost } = source.counts;
  const losses = lost === 0 ? style.green('none lost') : style.red(`${n(lost)} lost in the kernel`);
  const name = escapeText(file);
  const args = redact ? 'arguments masked' : style.yellow('with all arguments');
  const kept = unwritten ? style.red('the last of them are not in the file; ') : '';
  return `\n${style.bold(name)}: ${n(heard)} events heard, ${losses}; ${kept}${roundSize(size)}, ${args}\n${style.dim(`replay: forkcast replay ${name}`)}\n`;
}
