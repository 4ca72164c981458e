import type { Batch } from '../../../src/core/batch.ts';
import type { Sink } from '../../../src/core/component.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import { observed } from '../../lane/deliver.ts';
import { createSink } from './create-sink.ts';
import type { Destination, Storage } from './destination.ts';

/** What is sent how; `storage`: none: without a stream. */
export interface Load {
  readonly storage: Storage;
  readonly perMessage: number;
}

/** Of a record. */
export const RECORD_BYTES = 215;

/** A sink, and how many messages it has sent. */
export interface CountedSink {
  readonly sink: Sink;
  readonly messages: () => number;
}

/** Not opened yet. */
export function countedSink({ storage, perMessage }: Load, destination: Destination): CountedSink {
  let messages = 0;
  const inner = createSink({ mode: storage === 'none' ? 'core' : 'jetstream', perMessage }, destination);
  const sink = observed(inner, (batch) => {
    messages += messagesIn(batch, perMessage);
  });
  return { sink: firstAlone(sink), messages: () => messages };
}

/** Others come behind the first batch: several at once that ask for what messages of a subject have in common make more messages than they need. */
function firstAlone(sink: Sink): Sink {
  let first: Promise<void> | undefined;
  const write: Sink['write'] = async (batch, signal) => {
    const before = first;
    if (before === undefined) return (first = sink.write(batch, signal));
    await before;
    return sink.write(batch, signal);
  };
  return { ...sink, write };
}

/** A message holds events of one subject, which is that of their kind. */
function messagesIn({ items }: Batch<Encoded>, perMessage: number): number {
  if (perMessage === 1) return items.length;
  const byKind = new Map<string, number>();
  for (const { kind } of items) byKind.set(kind, (byKind.get(kind) ?? 0) + 1);
  return [...byKind.values()].reduce((sum, events) => sum + Math.ceil(events / perMessage), 0);
}

/** About what is delivered in a second: so much there has to be for a run. */
export function expectedRate({ storage, perMessage }: Load): number {
  if (perMessage > 1) return 1_500_000;
  return storage === 'none' ? 700_000 : 200_000;
}
