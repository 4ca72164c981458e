import { lastRunPath } from './run-recorder.ts';
import { readRegular } from './run-record.ts';

/** What one sink took in the last run: bytes of an event as encoded and, of a queue on disk, as stored; null where that is not known. */
export interface SinkPace {
  readonly eventsPerSecond: number;
  readonly bytes: number | null;
  readonly storedBytes: number | null;
}

/** How much there was in the last run: of all events, and for each sink, by name. */
export interface LastPace {
  readonly seconds: number;
  readonly eventsPerSecond: number;
  readonly sinks: ReadonlyMap<string, SinkPace>;
}

/** The start is no measure of what follows: all processes there are come at once. */
const SHORTEST_SECONDS = 60;

/** What the last run says of how many events this host has, or, in words that follow "since", why it does not. */
export function readLastPace(dataDir: string): LastPace | string {
  let text: string;
  try {
    text = readRegular(lastRunPath(dataDir));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT'
      ? 'no run has been recorded here yet'
      : `the record of the last run cannot be read (${code ?? 'not a regular file'})`;
  }
  return paceOf(text) ?? 'the record of the last run is damaged';
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const numberOf = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0);

function paceOf(text: string): LastPace | string | undefined {
  let record: Fields;
  try {
    record = fieldsOf(JSON.parse(text));
  } catch {
    return undefined;
  }
  const seconds = numberOf(fieldsOf(record['resources'])['seconds']);
  const events = numberOf(record['last_sequence']);
  if (seconds === 0 || events === 0) return undefined;
  if (seconds < SHORTEST_SECONDS) return `the last run was too short to tell (${Math.round(seconds)}s)`;
  const sinks = Array.isArray(record['sinks']) ? record['sinks'].map(fieldsOf) : [];
  const eventsPerSecond = events / seconds;
  return { seconds, eventsPerSecond, sinks: new Map(sinks.map((sink) => [String(sink['sink']), sinkPaceOf(sink, eventsPerSecond)])) };
}

/** It may have been there for a part of the run only: what it got is a share of what there was. */
function sinkPaceOf(sink: Fields, eventsPerSecond: number): SinkPace {
  const [sequenced, filtered, accepted] = [numberOf(sink['sequenced']), numberOf(sink['filtered']), numberOf(sink['accepted'])];
  const each = (bytes: number): number | null => (accepted > 0 && bytes > 0 ? bytes / accepted : null);
  return {
    eventsPerSecond: sequenced > filtered ? (eventsPerSecond * (sequenced - filtered)) / sequenced : 0,
    bytes: each(numberOf(sink['acceptedBytes'])),
    storedBytes: each(numberOf(sink['storedBytes'])),
  };
}
