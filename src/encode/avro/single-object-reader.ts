import type { RecordStream } from '../../core/event.ts';
import type { ByteWindow } from './byte-window.ts';
import type { Corrupt, Decoded, Torn } from './decoded.ts';
import { newestReader } from './record-reader.ts';
import type { RecordReader } from './record-reader.ts';
import { SINGLE_OBJECT_HEADER_BYTES, singleObjectHeader } from './single-object.ts';

/** No record comes near; what claims to be longer is damage. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;
const STEP_BYTES = 64 * 1024;

interface Known {
  readonly header: Buffer;
  readonly reader: RecordReader;
}

const known = (stream: RecordStream): Known => ({ header: Buffer.from(singleObjectHeader(stream)), reader: newestReader(stream) });

/** Where reading stopped, and why: at the end of the bytes, within a record, or at something that is none. */
interface Stop {
  readonly at: number;
  readonly why: 'end' | 'short' | 'damage';
  readonly reason: string;
}

/** Records framed one by one and concatenated. Their headers serve as sync markers: after damage, reading goes on at the next one. */
export async function* readSingleObjects(window: ByteWindow): AsyncGenerator<Decoded> {
  const formats = [known('process'), known('agent')];
  let at = 0;
  let length = 1;
  for (;;) {
    const bytes = await window.readAtLeast({ at, length, keep: at });
    const ended = bytes.length < length;
    const stop = yield* readRecords(bytes, formats);
    at += stop.at;
    const rest = bytes.length - stop.at;
    // One byte more, so that a record is shown as soon as it is there; a long one is not tried anew with every chunk.
    length = rest < STEP_BYTES ? rest + 1 : rest * 2;
    if (stop.why === 'end' && ended) return;
    if (stop.why === 'damage' || (stop.why === 'short' && (ended || rest > MAX_RECORD_BYTES))) {
      const note = await passOver(window, formats, { ...stop, at });
      yield note;
      if (note.what === 'torn') return;
      at += note.bytes;
      length = 1;
    }
  }
}

function* readRecords(bytes: Buffer, formats: readonly Known[]): Generator<Decoded, Stop> {
  let at = 0;
  while (at < bytes.length) {
    const format = formats.find(({ header }) => bytes.subarray(at, at + header.length).equals(header));
    if (format === undefined) {
      const cut = bytes.length - at < SINGLE_OBJECT_HEADER_BYTES && formats.some(({ header }) => header.indexOf(bytes.subarray(at)) === 0);
      return cut
        ? { at, why: 'short', reason: '' }
        : { at, why: 'damage', reason: 'not C3 01 and the fingerprint of a schema of forkcast' };
    }
    let record: ReturnType<RecordReader['read']>;
    try {
      record = format.reader.read(bytes, at + SINGLE_OBJECT_HEADER_BYTES);
    } catch (error) {
      return { at, why: 'damage', reason: `not a record of its schema: ${(error as Error).message}` };
    }
    if (record === undefined) return { at, why: 'short', reason: 'a record without end' };
    yield { what: 'event', event: record.event };
    at = record.end;
  }
  return { at, why: 'end', reason: '' };
}

/** From the damage to the next header, or to the end of the input. */
async function passOver(window: ByteWindow, formats: readonly Known[], { at, why, reason }: Stop): Promise<Torn | Corrupt> {
  for (let from = at + 1; ; from += STEP_BYTES - SINGLE_OBJECT_HEADER_BYTES + 1) {
    const bytes = await window.read({ at: from, length: STEP_BYTES, keep: from });
    const found = formats.map(({ header }) => bytes.indexOf(header)).filter((index) => index >= 0);
    if (found.length > 0) return { what: 'corrupt', at, bytes: from + Math.min(...found) - at, reason };
    if (bytes.length < STEP_BYTES) {
      const rest = from + bytes.length - at;
      return why === 'short' ? { what: 'torn', at, bytes: rest } : { what: 'corrupt', at, bytes: rest, reason };
    }
  }
}
