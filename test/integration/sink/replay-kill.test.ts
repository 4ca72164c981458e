import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createAvroEncoder } from '../../../src/encode/avro/binary.ts';
import { decode } from '../../../src/encode/decode.ts';
import { recordFormat } from '../../../src/encode/record-format.ts';
import { letterLine } from '../../../src/sink/dead-letter/line.ts';
import { letterFileName } from '../../../src/sink/dead-letter/name.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { asProcess, forkEvent } from '../../unit/encode/samples.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const FILES = 6;
const LETTERS = 4000;
/** Those that come after the start of Node.js are within the replay. */
const KILLS_MS = [300, 450, 600, 750, 900, 1050, 1200, 1400];

const format = recordFormat('avro');
const encoder = createAvroEncoder();

function letters(file: number): string {
  return Array.from({ length: LETTERS }, (_, index) => {
    const sequence = file * LETTERS + index + 1;
    return letterLine({
      time: new Date(0).toISOString(),
      sink: 'siem',
      sinkId: null,
      code: 'RECORD_REJECTED',
      reason: 'too large',
      agentId: '0f1e2d3c-0000-4000-8000-000000000001',
      sequence,
      stream: 'process',
      kind: 'FORK',
      eventTimeUs: 0,
      format,
      bytes: encoder.encode(asProcess({ ...forkEvent, sequence })).bytes,
    });
  }).join('');
}

async function replay(dataDir: string, { files, killMs }: { files: string; killMs?: number }): Promise<number | null> {
  const set = [`agent.data_dir=${dataDir}`, `sinks={siem: {type: file, path: ${files}, rotate: {max_size: 1MiB}}}`];
  const child = spawn(process.execPath, [MAIN, 'dlq', 'replay', ...set.flatMap((value) => ['--set', value])], { stdio: 'ignore' });
  const timer = killMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killMs);
  await once(child, 'exit');
  clearTimeout(timer);
  return child.exitCode;
}

async function sequencesIn(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.avro')) continue;
    for await (const item of decode(createReadStream(join(folder, name)))) {
      if (item.what !== 'event') throw new Error(`${name} is damaged`);
      found.push(item.event.event.sequence ?? 0);
    }
  }
  return found;
}

it('a replay that is killed again and again loses nothing, and repeats no more than it was at', async () => {
  const [dataDir, files] = [await tempDir(), join(await tempDir(), 'files')];
  const folder = join(dataDir, 'state/dead-letter/siem');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (let file = 0; file < FILES; file += 1) await writeFile(join(folder, letterFileName(file + 1)), letters(file), { mode: 0o600 });
  let killed = 0;
  for (const killMs of KILLS_MS) if ((await replay(dataDir, { files, killMs })) === null) killed += 1;
  expect(killed).toBeGreaterThan(0);
  expect(await replay(dataDir, { files })).toBe(0);
  expect(await readdir(folder)).toEqual([]);
  const found = await sequencesIn(files);
  expect(new Set(found).size).toBe(FILES * LETTERS);
  expect(found.length).toBeLessThanOrEqual((FILES + killed) * LETTERS);
}, 60_000);
