import type { Batch } from '../../src/core/batch.ts';
import type { Encoded } from '../../src/core/encoded.ts';
import { BlackholeSink } from '../../src/sink/blackhole/blackhole-sink.ts';
import { record, sequences } from './records.ts';
import { sinkContract } from './sink-contract.ts';

/** Nothing comes out of it: what arrived is what it said it had taken. */
class ObservedBlackhole extends BlackholeSink {
  readonly taken: number[] = [];

  override async write(batch: Batch<Encoded>, signal: AbortSignal): Promise<void> {
    await super.write(batch, signal);
    this.taken.push(...sequences(batch));
  }
}

sinkContract('BlackholeSink', () => {
  const sink = new ObservedBlackhole('void');
  return Promise.resolve({
    sink,
    record: (sequence, stream) => record(sequence, 16, stream),
    received: () => Promise.resolve(sink.taken),
    dispose: () => Promise.resolve(),
  });
});
