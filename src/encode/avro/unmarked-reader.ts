import type { RecordStream } from '../../core/event.ts';
import type { ByteWindow } from './byte-window.ts';
import type { Decoded } from './decoded.ts';
import { newestReader } from './record-reader.ts';

/** How the values of messages begin whose schema nobody knows without the headers beside them, or a registry; see framed-record.ts. */
export type UnmarkedFraming = 'confluent' | 'raw';

/** What the values are, as whoever took them from a topic knows: of this stream, and of its newest schema. */
export interface Unmarked {
  readonly framing: UnmarkedFraming;
  readonly stream: RecordStream;
}

const HEAD_BYTES: Readonly<Record<UnmarkedFraming, number>> = { confluent: 5, raw: 0 };

/** No record comes near; what claims to be longer is damage. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** Values of messages one after the other. Nothing tells where the next one begins but the end of the one before: after damage there is no going on. */
export async function* readUnmarked(window: ByteWindow, { framing, stream }: Unmarked): AsyncGenerator<Decoded> {
  const head = HEAD_BYTES[framing];
  const reader = newestReader(stream);
  let at = 0;
  for (let length = 1; ;) {
    const bytes = await window.readAtLeast({ at, length, keep: at });
    let used = 0;
    try {
      while (used + head < bytes.length) {
        if (head > 0 && bytes[used] !== 0) throw new RangeError('no 00 and id of a schema before a record');
        const record = reader.read(bytes, used + head);
        if (record === undefined) break;
        yield { what: 'event', event: record.event };
        used = record.end;
      }
    } catch (error) {
      yield* rest(window, at + used, (error as Error).message);
      return;
    }
    at += used;
    const left = bytes.length - used;
    if (bytes.length < length) {
      if (left > 0) yield { what: 'torn', at, bytes: left };
      return;
    }
    if (left > MAX_RECORD_BYTES) {
      yield* rest(window, at, 'a record without end');
      return;
    }
    // One byte more, so that a record is shown as soon as it is there; a long one is not tried anew with every chunk.
    length = left < 64 * 1024 ? left + 1 : left * 2;
  }
}

/** All from the damage on. */
async function* rest(window: ByteWindow, at: number, reason: string): AsyncGenerator<Decoded> {
  let end = at;
  for (let bytes = await window.readAtLeast({ at, length: 1, keep: at }); bytes.length > 0;) {
    end += bytes.length;
    bytes = await window.readAtLeast({ at: end, length: 1, keep: end });
  }
  yield { what: 'corrupt', at, bytes: end - at, reason };
}
