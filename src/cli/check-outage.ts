import type { LastPace } from '../agent/last-pace.ts';
import type { RecordFormat } from '../core/record-formats.ts';
import { formatOf } from '../agent/create-sink.ts';
import type { SinkConfig } from '../config/config.ts';
import { DISK_QUEUE } from '../config/schema.ts';

/** How long the queue of a sink takes events while the sink takes none. */
export interface Outage {
  readonly sink: string;
  readonly queue: 'memory' | 'disk';
  readonly when_full: SinkConfig['queue']['whenFull'];
  readonly events_per_second: number;
  /** Of the last run on this host, or one that is stated for want of it. */
  readonly rate_from: 'last_run' | 'example';
  /** In memory, or on the disk after compression. */
  readonly bytes_per_event: number;
  readonly bytes_from: 'last_run' | 'typical';
  readonly holds_events: number;
  readonly holds_seconds: number;
}

const EXAMPLE_RATE = 1000;

/** Of an event, encoded: measured with events of fork, exec and exit in equal parts. */
const TYPICAL_BYTES = { avro: 450, json: 1200, ecs: 1950, ocsf: 1750, line: 150 } as const;
/** Likewise, [events a frame, bytes of each in a segment]: what is compressed together takes less. Of Avro; the others in proportion. */
const STORED_BYTES = [
  [1, 530],
  [2, 400],
  [5, 213],
  [10, 162],
  [25, 118],
  [50, 96],
  [100, 82],
  [512, 66],
] as const;
const STORED_RATIO = { avro: 1, json: 1.5, ecs: 1.7, ocsf: 1.7, line: 0.7 } as const;
/** The source is read so often: what comes in between is one frame. */
const READ_INTERVAL_S = 0.005;

export function outageOf(sink: SinkConfig, last: LastPace | string): Outage {
  const { name, queue } = sink;
  const known = typeof last === 'string' ? undefined : last.sinks.get(name);
  const measured = typeof last === 'string' ? 0 : (known?.eventsPerSecond ?? last.eventsPerSecond);
  const rate = measured > 0 ? measured : EXAMPLE_RATE;
  const each = queue.type === 'disk' ? known?.storedBytes : known?.bytes;
  const bytes = each ?? typicalBytes(sink, rate);
  const events = Math.floor(Math.min(queue.maxEvents, queue.maxBytes / bytes));
  return {
    sink: name,
    queue: queue.type,
    when_full: queue.whenFull,
    events_per_second: rounded(rate),
    rate_from: measured > 0 ? 'last_run' : 'example',
    bytes_per_event: rounded(bytes),
    bytes_from: each === null || each === undefined ? 'typical' : 'last_run',
    holds_events: events,
    holds_seconds: Math.round(events / rate),
  };
}

/** Whether there is a bound by events at all: the default of a queue on disk stands for none. */
export function isBoundedByEvents({ type, maxEvents }: SinkConfig['queue']): boolean {
  return type === 'memory' || maxEvents < DISK_QUEUE.max_events.default;
}

const rounded = (value: number): number => Number(value.toPrecision(3));

function typicalBytes(sink: SinkConfig, rate: number): number {
  const of = formatOf(sink);
  const format = isOcsf(of) ? 'ocsf' : of;
  return sink.queue.type === 'memory' ? TYPICAL_BYTES[format] : STORED_RATIO[format] * storedBytes(rate * READ_INTERVAL_S);
}

const isOcsf = (format: RecordFormat): format is Extract<RecordFormat, `ocsf/${string}`> => format.startsWith('ocsf/');

/** Between two that were measured, in proportion. */
function storedBytes(perFrame: number): number {
  const above = STORED_BYTES.findIndex(([events]) => events >= perFrame);
  if (above === 0) return STORED_BYTES[0][1];
  const [low, high] = [STORED_BYTES.at(above - 1), STORED_BYTES.at(above)] as const;
  if (above < 0 || low === undefined || high === undefined) return STORED_BYTES[STORED_BYTES.length - 1]?.[1] ?? TYPICAL_BYTES.avro;
  return low[1] + ((perFrame - low[0]) / (high[0] - low[0])) * (high[1] - low[1]);
}
