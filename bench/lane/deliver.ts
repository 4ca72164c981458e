import type { Batch } from '../../src/core/batch.ts';
import type { Sink } from '../../src/core/component.ts';
import type { Encoded } from '../../src/core/encoded.ts';
import { openLedger } from '../../src/core/ledger.ts';
import { DeliveryStage } from '../../src/pipeline/delivery.ts';
import type { BatchBounds } from '../../src/pipeline/delivery/policy.ts';
import { DEFAULT_POLICY } from '../../src/pipeline/delivery/policy.ts';
import type { Spool } from '../../src/queue/spool/spool.ts';

/** Told of each batch that the other side has taken, and how long the write took. */
export type Acknowledged = (batch: Batch<Encoded>, tookUs: number) => void;

/** The sink, which also tells of what it has delivered. */
export function observed(sink: Sink, acknowledged: Acknowledged): Sink {
  return {
    id: sink.id,
    maxInFlight: sink.maxInFlight,
    open: (boot) => sink.open(boot),
    async write(batch, signal) {
      const beganMs = performance.now();
      await sink.write(batch, signal);
      acknowledged(batch, (performance.now() - beganMs) * 1000);
    },
    close: () => sink.close(),
  };
}

/** Brings what is in the spool to the sink. */
export function deliver(spool: Spool, sink: Sink, batch: BatchBounds): Promise<void> {
  const stage = new DeliveryStage(
    {
      sink,
      queue: spool,
      ledger: openLedger(sink.id),
      policy: { ...DEFAULT_POLICY, batch },
      durable: true,
      encoder: 0,
      wants: () => true,
      enqueue: () => Promise.reject(new Error('a benchmark offers by itself')),
    },
    {
      down: (_, error) => process.stderr.write(`the sink is down: ${error.message}\n`),
      up: () => undefined,
      lost: (_, error, events) => {
        throw new Error(`${events} events are lost: ${error.message}`);
      },
    },
  );
  return stage.run(new AbortController().signal);
}
