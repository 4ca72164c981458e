import { Digest, EventHash } from '../../core/digest.ts';
import type { DroppedBatch } from '../../core/queue.ts';
import type { Encoded } from '../../core/encoded.ts';
import { decodeFrame } from './frame.ts';
import { FrameWalk, eachBatch } from './frame-walk.ts';
import type { FoundFrame } from './frame-walk.ts';
import type { Segment } from './segment.ts';
import type { SpoolFs } from './spool-fs.ts';

/**
 * What a segment that was given up held, one `DroppedBatch` for each batch that was accepted, and one for what of it cannot be read.
 * No more than a frame is in memory at once.
 */
export async function describeEvicted(fs: SpoolFs, segment: Segment): Promise<readonly DroppedBatch[]> {
  try {
    return await readAll(fs, segment);
  } catch {
    // It goes either way; what its seal said is known.
    return [undescribed(segment, segment.contents.sequenced)];
  }
}

async function readAll(fs: SpoolFs, segment: Segment): Promise<readonly DroppedBatch[]> {
  const dropped: DroppedBatch[] = [];
  let missing = segment.contents.sequenced + (segment.unsure?.count ?? 0);
  const hash = new EventHash(segment.origin.agentId);
  const file = fs.open(segment.path, 'read');
  try {
    const walk = new FrameWalk(fs, file, { walked: segment, at: segment.headerBytes });
    await eachBatch(walk, (found) => {
      missing -= found.head.sequenced;
      if (!segment.done.has(found.at)) dropped.push(describe(found, segment, hash));
    });
  } finally {
    fs.close(file);
  }
  if (missing > 0) dropped.push(undescribed(segment, missing));
  return dropped;
}

/** Some of its records, and nobody knows which. */
function undescribed({ origin, contents }: Segment, count: number): DroppedBatch {
  return { agentId: origin.agentId, fromSequence: contents.lowest, toSequence: contents.highest, count, checkpoints: [] };
}

function describe({ frame, head }: FoundFrame, { origin }: Segment, hash: EventHash): DroppedBatch {
  const digest = new Digest();
  const checkpoints: Encoded[] = [];
  for (const item of decodeFrame(frame, head, origin).items) {
    if (item.sequence === 0) checkpoints.push({ ...item, bytes: Buffer.from(item.bytes) });
    else digest.add(hash.of(item.sequence));
  }
  return { agentId: origin.agentId, fromSequence: head.lowest, toSequence: head.highest, count: head.sequenced, digest, checkpoints };
}
