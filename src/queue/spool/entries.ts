import type { Batch } from '../../core/batch.ts';
import type { Encoded, Origin } from '../../core/encoded.ts';
import { contentsOf, decodeFrame, parseHead } from './frame.ts';
import type { FrameHead } from './frame.ts';
import type { Entry } from './segment.ts';
import type { ReadFrame } from './spool-reader.ts';

/** Of a batch that comes in. */
export function newEntry(batch: Batch<Encoded>, { serial, frame }: { readonly serial: number; readonly frame: Buffer | undefined }): Entry {
  const { items, bytes } = batch;
  const { highest, sequenced } = contentsOf(items);
  return { serial, records: items.length, sequenced, order: 0, highest, bytes, batch, frame, place: undefined, state: 'unread' };
}

/** Of a frame that was read back; its serial is of no interest, for it is as synced as it will ever be. */
export function readEntry({ batch, place, highest, sequenced }: ReadFrame): Entry {
  return {
    serial: 0,
    records: batch.items.length,
    sequenced,
    order: 0,
    highest,
    bytes: batch.bytes,
    batch,
    frame: undefined,
    place,
    state: 'unread',
  };
}

/** What it holds, also where only its frame is kept, which is of this run. */
export function batchOf({ batch, frame }: Entry, origin: Origin): Batch<Encoded> {
  if (batch !== undefined) return batch;
  const kept = frame as Buffer;
  return decodeFrame(kept, parseHead(kept, 0) as FrameHead, origin);
}
