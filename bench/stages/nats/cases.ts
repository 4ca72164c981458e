import { RATE } from '../../lane/paced.ts';
import type { BenchCase, Measurement } from '../../measurement.ts';
import { LINGER_MS } from './create-sink.ts';
import { measureGo } from './go-client.ts';
import { measureUsual } from './javascript-client.ts';
import { RECORD_BYTES } from './load.ts';
import type { Load } from './load.ts';
import { measureSpooled, measureWaits } from './spooled.ts';
import { measureWrites } from './written.ts';

const LOADS: readonly Load[] = [
  { storage: 'none', perMessage: 1 },
  { storage: 'none', perMessage: 100 },
  { storage: 'file', perMessage: 1 },
  { storage: 'memory', perMessage: 1 },
  { storage: 'file', perMessage: 100 },
  { storage: 'file', perMessage: 500 },
];
const ALONE = LOADS.filter(({ perMessage }) => perMessage === 1);

/** To one nats-server on this machine, with streams and without: the sink by itself, from the disk spool, and what others need for the like. */
export const natsCases: readonly BenchCase[] = [
  ...LOADS.flatMap((load) => [
    { ...oneCase(`sink, ${about(load)}`, (seconds) => measureWrites(load, seconds)), peer: sized(goName(load, true)) },
    { ...oneCase(`spool and sink, ${about(load)}`, (seconds) => measureSpooled(load, seconds)), peer: sized(goName(load, true)) },
    oneCase(goName(load, true), (seconds) => measureGo({ ...load, headers: true }, seconds)),
  ]),
  ...ALONE.map((load) => oneCase(goName(load, false), (seconds) => measureGo({ ...load, headers: false }, seconds))),
  usual('none', 1),
  usual('file', 1),
  usual('file', 500),
  ...ALONE.filter(({ storage }) => storage !== 'memory').map((load) =>
    oneCase(`spool and sink, ${RATE.toLocaleString('en-GB')}/s, linger ${LINGER_MS} ms, ${about(load)}`, (seconds) =>
      measureWaits(load, seconds),
    ),
  ),
];

function oneCase(name: string, measure: (seconds: number) => Promise<Measurement>): BenchCase {
  return { stage: 'nats', name: sized(name), measure };
}

function sized(name: string): string {
  return `${name}, ${RECORD_BYTES} B`;
}

function about({ storage, perMessage }: Load): string {
  return `${storage === 'none' ? 'core' : `stream in ${storage}`}, ${perMessage === 1 ? 'one event' : `${perMessage} events`} a message`;
}

function goName(load: Load, headers: boolean): string {
  return `Go client${headers ? '' : ' without headers'}, ${about(load)}`;
}

function usual(storage: 'none' | 'file', atOnce: number): BenchCase {
  const load: Load = { storage, perMessage: 1 };
  const how = storage === 'none' ? 'publish' : `a request each, ${atOnce} at once`;
  return oneCase(`JavaScript client, ${how}, ${about(load)}`, (seconds) => measureUsual({ storage, atOnce }, seconds));
}
