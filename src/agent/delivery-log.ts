import type { DeliveryEvents } from '../pipeline/delivery.ts';
import type { Logger } from '../telemetry/log.ts';

/** Says in the log how the sinks do, when that changes; a warning where nothing is lost, an error where something is. */
export function deliveryLog(log: Logger): DeliveryEvents {
  return {
    down: (sink, error, { circuit }) => {
      const then = circuit === 'holding' ? 'keeping the events, and trying again each minute' : 'trying again';
      log.warn({ sink, code: error.code, ...(error.fix === undefined ? {} : { fix: error.fix }) }, `${error.message}; ${then}`);
    },
    up: (sink) => log.info({ sink }, 'delivering again'),
    lost: (sink, error, events) => log.error({ sink, code: error.code, events }, `events lost: ${error.message}`),
    deadLettered: (sink, error, events) =>
      log.warn({ sink, code: error.code, events, fix: 'forkcast dlq list shows them' }, `events put aside: ${error.message}`),
  };
}
