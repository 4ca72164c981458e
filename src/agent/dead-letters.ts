import { join, resolve } from 'node:path';
import { systemClock } from '../core/clock.ts';
import type { DeadLetters } from '../core/dead-letters.ts';
import { uuidText } from '../core/uuid.ts';
import type { SinkConfig } from '../config/config.ts';
import { recordFormat } from '../encode/record-format.ts';
import { DeadLetterStore } from '../sink/dead-letter/dead-letter-store.ts';
import { formatOf } from './create-sink.ts';
import type { SinkDeps } from './create-sink.ts';

/** Where the dead letters of all sinks are, one folder each. Absolute. */
export function deadLetterRoot(dataDir: string): string {
  return resolve(dataDir, 'state', 'dead-letter');
}

export function createDeadLetters(sink: SinkConfig, dataDir: string, { agentId, sinkId, log }: Omit<SinkDeps, 'screen'>): DeadLetters {
  return new DeadLetterStore(sink.deadLetter, {
    folder: join(deadLetterRoot(dataDir), sink.name),
    sink: sink.name,
    sinkId: uuidText(sinkId),
    agentId: uuidText(agentId),
    format: recordFormat(formatOf(sink)),
    clock: systemClock,
    log,
  });
}
