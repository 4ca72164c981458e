import type { RecordingEnd } from '../ingest/recording/end.ts';
import type { TornEnd } from '../ingest/recording/reader.ts';

/** What a recording ends with that does not end as it should. */
export type Torn = TornEnd | RecordingEnd;

/** How it came to that, as a part of a sentence. */
export function reasonOfTorn(end: Torn): string {
  if ('reason' in end) return `its recorder had to stop: ${end.reason}`;
  return `it was cut at byte ${end.at}: its recorder was killed, had no room, or is still writing`;
}
