import { ChaosSink } from '../../src/sink/chaos/chaos-sink.ts';
import { record, sequences } from './records.ts';
import { sinkContract } from './sink-contract.ts';

const calm = { seed: 1, transient: 0, hold: 0, partial: 0, permanent: 0, slow: 0, delayMs: 0 };

for (const [name, config] of [
  ['ChaosSink without chaos', calm],
  ['ChaosSink, slow', { ...calm, slow: 1, delayMs: 5 }],
] as const) {
  sinkContract(name, () => {
    const arrived: number[] = [];
    const sink = new ChaosSink(config, { id: 'drill', onArrival: (items) => void arrived.push(...sequences({ items, bytes: 0 })) });
    return Promise.resolve({
      sink,
      record: (sequence, stream) => record(sequence, 16, stream),
      received: () => Promise.resolve(arrived),
      dispose: () => Promise.resolve(),
    });
  });
}
