import { SyntheticSource } from '../../src/ingest/synthetic/source.ts';
import { sourceContract } from './source-contract.ts';

const CONFIG = { seed: 1, eventsPerSecond: 0, events: 0, lostPerMillion: 0, maxArgsBytes: 32_768 };

sourceContract('a synthetic source at full speed', () => Promise.resolve({ source: new SyntheticSource(CONFIG) }));
sourceContract('a synthetic source that loses', () =>
  Promise.resolve({ source: new SyntheticSource({ ...CONFIG, lostPerMillion: 50_000 }) }),
);
// So slow that it is waiting whenever it is closed.
sourceContract('a slow synthetic source', () => Promise.resolve({ source: new SyntheticSource({ ...CONFIG, eventsPerSecond: 1 }) }));
sourceContract('a synthetic source with an end', () => Promise.resolve({ source: new SyntheticSource({ ...CONFIG, events: 10 }) }));
