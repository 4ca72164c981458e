import type { RecordStream } from '../../core/event.ts';

/**
 * Names of event files: `<stream>-<created, UTC>-<first 8 hex digits of the agent id>-<counter>.<extension>`, with `.open` behind it
 * while it is written: `process-20260131T235959Z-0f1e2d3c-000001.avro.open`. Whatever is named otherwise is not ours and never touched.
 */
export interface FileName {
  readonly stream: RecordStream;
  /** UTC, ISO 8601 basic format, whole seconds: sorts as text. */
  readonly created: string;
  readonly agent: string;
  readonly counter: number;
  readonly extension: string;
}

export const OPEN_SUFFIX = '.open';

const PATTERN = /^(process|agent)-(\d{8}T\d{6}Z)-([0-9a-f]{8})-(\d{6,9})\.([a-z0-9]+)(\.open)?$/;

export function finishedName(name: FileName): string {
  return `${name.stream}-${name.created}-${name.agent}-${String(name.counter).padStart(6, '0')}.${name.extension}`;
}

/** undefined where the entry is not one of ours. */
export function parseName(entry: string): (FileName & { readonly open: boolean }) | undefined {
  const [, stream, created, agent, counter, extension, open] = PATTERN.exec(entry) ?? [];
  if (stream === undefined || created === undefined || agent === undefined || counter === undefined || extension === undefined)
    return undefined;
  return { stream: stream as RecordStream, created, agent, counter: Number(counter), extension, open: open !== undefined };
}

/** Oldest first; files of one second by their counter, and of these what the agent says, which came before what it says it of. */
export function compareAge(a: FileName, b: FileName): number {
  if (a.created !== b.created) return a.created < b.created ? -1 : 1;
  if (a.counter !== b.counter) return a.counter - b.counter;
  return a.stream === b.stream ? 0 : a.stream === 'agent' ? -1 : 1;
}

export function basicTimestamp(timeUs: number): string {
  return `${new Date(timeUs / 1000).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}
