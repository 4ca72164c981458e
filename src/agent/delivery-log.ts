import type { DeliveryEvents } from '../pipeline/delivery.ts';
import type { Logger } from '../telemetry/log.ts';

const timeText = (us: number): string => new Date(us / 1000).toISOString();

/** Says in the log how the sinks do, when that changes; a warning where nothing is lost, an error where something is. */
export function deliveryLog(log: Logger): DeliveryEvents {
  /** By sink: since when it fails, in whatever way. */
  const failing = new Map<string, string>();
  return {
    down: (sink, error, { circuit, sinceUs, nextTryUs }) => {
      const since = failing.get(sink) ?? timeText(sinceUs);
      failing.set(sink, since);
      const then = circuit === 'holding' ? 'keeping the events, and trying again until it is put right' : 'trying again';
      const next = nextTryUs === null ? {} : { next_try: timeText(nextTryUs) };
      const fix = error.fix === undefined ? {} : { fix: error.fix };
      log.warn({ sink, code: error.code, since, ...next, ...fix }, `${error.message}; ${then}`);
    },
    up: (sink) => {
      const since = failing.get(sink);
      failing.delete(sink);
      log.info({ sink, ...(since === undefined ? {} : { failed_since: since }) }, 'delivering again');
    },
    lost: (sink, error, events) => log.error({ sink, code: error.code, events }, `events lost: ${error.message}`),
    deadLettered: (sink, error, events) =>
      log.warn({ sink, code: error.code, events, fix: 'forkcast dlq list shows them' }, `events put aside: ${error.message}`),
  };
}
