import { AgentError } from '../core/errors.ts';
import type { Heard } from '../core/kernel-event.ts';
import { safeJson } from '../encode/text/safe-json.ts';
import { FrameReader } from '../ingest/proc-connector/frame-reader.ts';
import { RecordingReader } from '../ingest/recording/reader.ts';
import type { ReadBytes, TornEnd } from '../ingest/recording/reader.ts';
import { heardJson } from './recording-json.ts';

export interface RecordingOutput {
  readonly wanted: (heard: Heard) => boolean;
  /** Takes one line, with its end. */
  readonly add: (line: Uint8Array) => Promise<void>;
  /** Nobody reads any more. */
  readonly over: () => boolean;
}

/**
 * Prints a recording: its header, what was heard, its end; a line of JSON each. Resolves with where it was cut, if it was. Throws FILE_CORRUPT and
 * FILE_TOO_NEW after what comes before; what `input` throws passes through.
 */
export async function decodeRecording(
  input: AsyncIterable<Uint8Array>,
  { wanted, add, over }: RecordingOutput,
): Promise<TornEnd | undefined> {
  const chunks = input[Symbol.asyncIterator]();
  try {
    return await printAll(await RecordingReader.open(readingFrom(chunks), 'it'), { wanted, add, over });
  } finally {
    await chunks.return?.();
  }
}

async function printAll(reader: RecordingReader, { wanted, add, over }: RecordingOutput): Promise<TornEnd | undefined> {
  const print = (value: object): Promise<void> => add(Buffer.from(`${safeJson(value)}\n`));
  await print({ type: 'recording', ...reader.header });
  const frames = new FrameReader(reader.memory);
  for (let body = await reader.next(); body >= 0; body = await reader.next()) {
    if (over()) return undefined;
    const heard: Heard[] = [];
    frames.read(body, heard);
    for (const item of heard) if (wanted(item)) await print(heardJson(item));
  }
  const { end } = reader;
  if (end !== undefined && 'at' in end) return end;
  await print({ type: 'end', ...end });
  return undefined;
}

/** As of a file, from whatever comes. */
function readingFrom(chunks: AsyncIterator<Uint8Array>): ReadBytes {
  let held: Buffer = Buffer.alloc(0);
  return async (length) => {
    const parts = [held];
    let bytes = held.length;
    while (bytes < length) {
      const next = await chunks.next();
      if (next.done === true) break;
      parts.push(Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength));
      bytes += next.value.byteLength;
    }
    const all = parts.length === 1 ? held : Buffer.concat(parts);
    held = all.subarray(length);
    return all.subarray(0, length);
  };
}

export function onlyJson(format: string): AgentError {
  return new AgentError('USAGE', 'it is a recording, which is printed as JSON only', {
    fix: `Leave out --format ${format}, or use forkcast replay, which turns it into events.`,
  });
}
