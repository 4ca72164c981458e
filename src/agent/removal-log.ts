import { join } from 'node:path';
import { asAgentError } from '../core/errors.ts';
import type { PipelineParts } from '../pipeline/pipeline.ts';
import type { Logger } from '../telemetry/log.ts';
import { spoolRoot } from './lane-queue.ts';

/** Says in the log what becomes of sinks that the configuration has no more, and of what the sinks have not got when the agent ends. */
export function removalLog(log: Logger, dataDir: string): Required<Pick<PipelineParts, 'onRetired' | 'onLeft' | 'onCloseFailed'>> {
  const folderOf = (sink: string): string => join(spoolRoot(dataDir), sink);
  return {
    onRetired: ({ ledger, durable, queue }) => {
      const { sink } = ledger;
      const { events } = queue.depth;
      if (durable !== true || events === 0) return log.info({ sink }, 'the removed sink is closed: nothing waits for it any more');
      const fix = 'Configure a sink of this name again, and they are delivered to it.';
      log.warn({ sink, events, folder: folderOf(sink), fix }, 'the removed sink has not got everything: the rest stays in its spool');
    },
    onLeft: (lane, { lastError }) => {
      const { sink } = lane.ledger;
      const { events } = lane.queue.depth;
      const why = lastError === null ? {} : { code: lastError.code, reason: lastError.message };
      const what = lane.isSafe?.() === false ? 'as much of the rest as its disk takes' : 'the rest';
      log.warn({ sink, events, folder: folderOf(sink), ...why }, `${what} stays in the spool, and is delivered after the next start`);
    },
    onCloseFailed: (thrown) => {
      const { code, message } = asAgentError(thrown);
      log.error({ code }, `a sink was not closed well: ${message}`);
    },
  };
}
