import type { Batch } from '../../../../src/core/batch.ts';
import type { Encoded } from '../../../../src/core/encoded.ts';
import type { Delivery } from '../../../../src/core/queue.ts';
import type { Spool } from '../../../../src/queue/spool/spool.ts';
import { batch, batchOf, sequences } from '../../../contract/records.ts';
import type { SpoolFolder } from '../../../contract/spool-fixture.ts';
import { lehmer } from '../../../helpers/faulty-fs.ts';

const never = new AbortController().signal;

export async function pull(spool: Spool): Promise<Delivery<Encoded>> {
  const delivery = await spool.pull(never);
  if (delivery === undefined) throw new Error('the spool has ended');
  return delivery;
}

/** Records that do not become smaller by compression. */
export function noise(from: number, to: number, size = 3000): Batch<Encoded> {
  const random = lehmer(from);
  return batchOf(...batch(from, to, size).items.map((item) => ({ ...item, bytes: Buffer.from(item.bytes.map(() => random() * 256)) })));
}

/** All that is in it, done. */
export async function drain(spool: Spool): Promise<number[]> {
  spool.end();
  const found: number[] = [];
  for (let next = await spool.pull(never); next !== undefined; next = await spool.pull(never)) {
    found.push(...sequences(next.batch));
    next.done('delivered');
  }
  return found;
}

export const kinds = (folder: SpoolFolder): string[] => folder.events.map(({ what }) => what);
