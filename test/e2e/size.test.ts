import { createReadStream } from 'node:fs';
import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { runStorm } from '../../bench/storm/storm.ts';
import { createAvroEncoder } from '../../src/encode/avro/binary.ts';
import { decode } from '../../src/encode/decode.ts';
import { AgentProcess } from '../helpers/agent-process.ts';
import { tempDir } from '../helpers/temp-dir.ts';

/** Avro bytes of every event in the files, uncompressed, by kind. */
async function sizesOf(files: readonly string[]): Promise<Map<string, number[]>> {
  const encoder = createAvroEncoder();
  const sizes = new Map<string, number[]>();
  for (const file of files) {
    for await (const decoded of decode(createReadStream(file))) {
      if (decoded.what !== 'event') throw new Error(`${file} is damaged`);
      const { kind, bytes } = encoder.encode(decoded.event);
      sizes.set(kind, [...(sizes.get(kind) ?? []), bytes.length]);
    }
  }
  return sizes;
}

function median(sizes: readonly number[]): number {
  return sizes.toSorted((a, b) => a - b)[Math.floor(sizes.length / 2)] as number;
}

test('half of the events of a process that forks, execs and exits need no more than 350 bytes, a FORK no more than 200', async () => {
  const agent = new AgentProcess({ dir: await tempDir() });
  await agent.ready();
  // A program with a short path: its own names are no matter of the agent.
  await runStorm({ mode: 'exec', exec: '/bin/true', count: 300, inFlight: 2 });
  expect((await agent.stop()).code).toBe(0);
  const sizes = await sizesOf(await agent.files(/^process-.*\.avro$/));
  expect(median([...sizes.values()].flat())).toBeLessThanOrEqual(350);
  // 200 with a host name of four letters; the rest of the record is what the agent is responsible for.
  expect(median(sizes.get('FORK') ?? []) - hostname().length).toBeLessThanOrEqual(196);
});
