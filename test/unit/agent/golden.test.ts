import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { walkOcf } from '../../../src/encode/avro/ocf-walk.ts';
import { asLines } from '../../../src/encode/text/as-lines.ts';
import { createJsonEncoder } from '../../../src/encode/text/json.ts';
import { eventsOf, replay } from '../../helpers/replay.ts';
import type { Replay } from '../../helpers/replay.ts';

const GOLDEN = fileURLToPath(new URL('../../golden/', import.meta.url));
const encoder = asLines(createJsonEncoder({ nulls: true }));
const short = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex').slice(0, 12);

/** What is before the first block, and how many records each block has; how they are packed is a matter of the version of zstd. */
async function shapeOf({ read }: Replay, name: string): Promise<string[]> {
  const bytes = await read(name);
  const lines = [name];
  const blocks: number[] = [];
  let answer: Uint8Array = new Uint8Array(0);
  const walk = walkOcf();
  for (let step = walk.next(answer); step.done !== true; step = walk.next(answer)) {
    const found = step.value;
    if (found.what === 'ask') answer = bytes.subarray(found.at, found.at + found.length);
    else if (found.what === 'header') {
      for (const [key, value] of found.meta) lines.push(`  ${key}: ${key === 'avro.schema' ? short(value) : value.toString()}`);
      lines.push(`  sync: ${bytes.subarray(found.end - 16, found.end).toString('hex')}`);
    } else if (found.what === 'block') blocks.push(found.count);
    else throw new Error(`${name} is not whole`);
  }
  return [...lines, `  blocks: ${blocks.join(' ')}`];
}

it('a recording that never changes gives events and files that change only where it is meant', async () => {
  const replayed = await replay(`${GOLDEN}host.fcrec`, {
    set: ['sinks.disk.rotate={max_size: 64MiB, max_age: 2s}', 'agent.labels={env: lab}'],
  });
  expect(replayed.code).toBe(0);
  const files = (await Promise.all(replayed.files.map((name) => shapeOf(replayed, name)))).flat();
  const events = (await eventsOf(replayed)).map((any) => {
    const json = Buffer.from(encoder.encode(any).bytes).toString();
    return `${any.event.sequence} ${any.event.kind} ${short(json)}`;
  });
  await expect(`${[...files, ...events].join('\n')}\n`).toMatchFileSnapshot(`${GOLDEN}host.replay.txt`);
});
