import type { LastPace } from '../agent/last-pace.ts';
import type { Config } from '../config/config.ts';
import { roundSize } from '../core/units.ts';
import type { Outage } from './check-outage.ts';
import type { Row } from './describe-source.ts';
import { eventsInBuffer } from './host.ts';

const number = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });
const n = (value: number): string => number.format(value);

/** What each outage amounts to, for people, and on what that is based. */
export function outageRows(outages: readonly Outage[], last: LastPace | string, { source }: Config): Row[] {
  if (outages.length === 0) return [];
  const rows = outages.map((outage): Row => [`outage ${outage.sink}`, `${holdsText(outage)}; ${endText(outage, source)}`]);
  const inMemory = outages.filter(({ queue }) => queue === 'memory').map(({ sink }) => sink);
  const lost: Row[] =
    inMemory.length === 0 ? [] : [['', `what waits in memory (${inMemory.join(', ')}) is lost when the agent ends meanwhile`]];
  return [...rows, ...lost, ['', basisText(outages, last)]];
}

function holdsText({ holds_events: events, holds_seconds: seconds, events_per_second: rate, bytes_per_event: bytes }: Outage): string {
  return `${spanText(seconds)} at ${n(rate)} events/s (${n(events)} of ${roundSize(Math.round(bytes))})`;
}

function endText({ when_full: whenFull, events_per_second: rate }: Outage, { type, receiveBufferBytes }: Config['source']): string {
  if (whenFull === 'drop_oldest') return 'then the oldest are dropped, and counted';
  if (whenFull === 'drop_newest') return 'then new ones are dropped, and counted';
  if (type !== 'proc_connector') return 'then the agent waits';
  const inKernel = eventsInBuffer(receiveBufferBytes);
  return `then the agent waits, and the kernel holds ${n(inKernel)} more (${spanText(inKernel / rate)}) before it drops, and counts`;
}

function basisText(outages: readonly Outage[], last: LastPace | string): string {
  const example = outages.find(({ rate_from: from }) => from === 'example');
  if (typeof last === 'string') return `${n(example?.events_per_second ?? 0)} events/s is an example, since ${last}`;
  const measured = `measured in the last run, of ${spanText(last.seconds)}`;
  return example === undefined ? `rates are ${measured}` : `rates are ${measured}; ${n(example.events_per_second)} events/s is an example`;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;
const YEAR_S = 365 * 86_400;

/** To be read at a glance: the largest unit and the next one. */
export function spanText(seconds: number): string {
  if (seconds >= YEAR_S) return 'more than a year';
  if (seconds < 1) return 'less than a second';
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  let left = seconds;
  const parts = UNITS.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count === 0 ? '' : `${count}${unit}`;
  });
  return `about ${parts.join('')}`;
}
