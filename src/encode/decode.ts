import { AgentError } from '../core/errors.ts';
import { ByteWindow } from './avro/byte-window.ts';
import type { Decoded } from './avro/decoded.ts';
import { startsLikeOcf } from './avro/ocf-header.ts';
import { readOcf } from './avro/ocf-reader.ts';
import type { OnMeta } from './avro/ocf-reader.ts';
import { SINGLE_OBJECT_MAGIC } from './avro/single-object.ts';
import { readSingleObjects } from './avro/single-object-reader.ts';
import { readUnmarked } from './avro/unmarked-reader.ts';
import type { Unmarked } from './avro/unmarked-reader.ts';

/**
 * The events of anything forkcast wrote, in order: container files (`*.avro`, also while `.open`, also several one after the other) and
 * concatenated single-object records. Memory is bounded by the largest block. Damage is part of what is yielded: `torn` at the end, as a
 * crash leaves it, `corrupt` where something was passed over. Throws FILE_CORRUPT when the input is nothing of ours; errors of `input` pass
 * through. Leaving the loop closes `input`. `onMeta` is told of the metadata of container files, each before its records.
 */
export async function* decode(input: AsyncIterable<Uint8Array>, onMeta?: OnMeta): AsyncGenerator<Decoded, void> {
  const window = new ByteWindow(input);
  try {
    const start = await window.read({ at: 0, length: 4, keep: 0 });
    if (start.length === 0) yield { what: 'torn', at: 0, bytes: 0 };
    else if (startsLikeOcf(start)) yield* readOcf(window, onMeta);
    else if (start[0] === SINGLE_OBJECT_MAGIC[0]) yield* readSingleObjects(window);
    else throw foreign(start);
  } finally {
    await window.close();
  }
}

/** The same for the values of messages, one after the other, that do not tell what they are. After damage there is no going on: all of the rest is `corrupt`. */
export async function* decodeUnmarked(input: AsyncIterable<Uint8Array>, form: Unmarked): AsyncGenerator<Decoded, void> {
  const window = new ByteWindow(input);
  try {
    yield* readUnmarked(window, form);
  } finally {
    await window.close();
  }
}

function foreign(start: Buffer): AgentError {
  return new AgentError(
    'FILE_CORRUPT',
    `neither a container file nor single-object records: it begins with the bytes ${start.toString('hex')}`,
    {
      fix: 'Only what forkcast wrote as Avro can be decoded: event files, or records with their single-object header.',
    },
  );
}
