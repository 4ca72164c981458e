import { rmSync, writeFileSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError } from '../../../src/core/errors.ts';
import { FileSink } from '../../../src/sink/file/file-sink.ts';
import { AGENT_ID, CONFIG } from '../../contract/file-sink-fixture.ts';
import { plainContainer, readPlain } from '../../contract/plain-container.ts';
import { batch } from '../../contract/records.ts';
import { systemClock } from '../../../src/core/clock.ts';

/**
 * Run by `full-disk.test.ts` as a process of its own: writes 2000 records of 500 bytes into the folder named by the first argument, where
 * a ballast takes the room of most of them until the first failure. Prints what happened as JSON.
 */
const [folder = '', ballastBytes = '0'] = process.argv.slice(2);
const ballast = join(folder, 'ballast');
const never = new AbortController().signal;
const quiet = (): undefined => undefined;

const sink = new FileSink(
  { ...CONFIG, path: join(folder, 'events') },
  {
    id: 'disk',
    containers: { process: plainContainer, agent: plainContainer },
    meta: { agent_id: AGENT_ID },
    clock: systemClock,
    log: { info: quiet, warn: quiet, error: quiet },
    lock: () => Promise.resolve(() => Promise.resolve()),
  },
);
const failures: { code: string; errno: unknown; fix: string | undefined; tornAfterwards: number }[] = [];

async function torn(): Promise<number> {
  const names = await readdir(join(folder, 'events'));
  const files = await Promise.all(names.map(async (name) => readPlain(await readFile(join(folder, 'events', name)))));
  return files.reduce((sum, file) => sum + file.torn, 0);
}

async function write(from: number): Promise<void> {
  for (;;) {
    try {
      await sink.write(batch(from, from + 99, 500), never);
      return;
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      failures.push({ code: error.code, errno: error.context['errno'], fix: error.fix, tornAfterwards: await torn() });
      // The disk stays full for a few tries more.
      if (failures.length === 3) rmSync(ballast, { force: true });
      await sleep(1);
    }
  }
}

if (Number(ballastBytes) > 0) writeFileSync(ballast, Buffer.alloc(Number(ballastBytes)));
await sink.open(never);
for (let from = 1; from <= 2000; from += 100) await write(from);
await sink.close();
const names = (await readdir(join(folder, 'events'))).toSorted((a, b) => (a < b ? -1 : 1));
const files = await Promise.all(names.map(async (name) => readPlain(await readFile(join(folder, 'events', name)))));
process.stdout.write(JSON.stringify({ failures, names, torn: await torn(), sequences: files.flatMap((file) => file.blocks.flat()) }));
