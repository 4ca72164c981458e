import type { SourceState } from '../core/event-source.ts';
import type { Logger } from '../telemetry/log.ts';

/** Says in the log how a source hears, when that changes. */
export function stateLog(log: Logger, hostname: string): (source: SourceState) => void {
  return (source) => {
    if (source.state === 'scanning') {
      const { code, message, fix } = source.reason;
      log.warn(
        { code, ...(fix === undefined ? {} : { fix }) },
        `${message}; listing /proc every second meanwhile, which misses what lives shorter`,
      );
    } else if (source.state === 'listening') log.info({ host: hostname }, 'listening: the kernel delivers process events');
    else log.warn('the self-test’s own events were not among those heard; others are');
  };
}
