import type { SourceState } from '../core/event-source.ts';
import { formatDuration } from '../core/units.ts';
import type { Logger } from '../telemetry/log.ts';

/** Says in the log how a source hears, when that changes. @param scanIntervalMs how often /proc is listed where it does not */
export function stateLog(
  log: Logger,
  { hostname, scanIntervalMs }: { readonly hostname: string; readonly scanIntervalMs: number },
): (source: SourceState) => void {
  const period = scanIntervalMs === 1000 ? 'second' : formatDuration(scanIntervalMs);
  return (source) => {
    if (source.state === 'scanning') {
      const { code, message, fix } = source.reason;
      log.warn(
        { code, ...(fix === undefined ? {} : { fix }) },
        `${message}; listing /proc every ${period} meanwhile, which misses what lives shorter`,
      );
    } else if (source.state === 'listening') log.info({ host: hostname }, 'listening: the kernel delivers process events');
    else log.warn({ host: hostname }, 'listening, with losses: of a process that was started as a test not everything was heard');
  };
}
