import { writeSync } from 'node:fs';
import { uuidBytes } from '../../../src/core/uuid.ts';
import { nodeFs } from '../../../src/queue/spool/node-fs.ts';
import { SPOOL_DEFAULTS } from '../../../src/queue/spool/spool-options.ts';
import { Spool } from '../../../src/queue/spool/spool.ts';
import { afterTimeout } from '../../../src/queue/spool/timers.ts';
import { batch, sequencesIn } from '../../contract/records.ts';
import { lehmer } from '../../helpers/faulty-fs.ts';

/*
 * Run by `kill.test.ts` as a process of its own: pushes, syncs, delivers and acknowledges until it is killed, and says each step on stdout:
 * `push A B` before and `took A B` after a batch was accepted, `synced B`, `got A B` before and `done A B` after an acknowledgement.
 * `drain` as the third argument: delivers what is there, and ends.
 */
const [folder = '', first = '1', mode = ''] = process.argv.slice(2);
const from = Number(first);
const random = lehmer(from * 31 + process.pid);
const never = new AbortController().signal;
const spool = new Spool(
  { folder, maxBytes: 2 << 20, ...SPOOL_DEFAULTS, sync: { intervalMs: 5, bytes: 1 << 20 } },
  {
    fs: nodeFs,
    origin: { agentId: uuidBytes(`0189f7a0-0000-7000-8000-${String(from).padStart(12, '0')}`), format: 'test' },
    lock: () => Promise.resolve(() => Promise.resolve()),
    onEvent: (event) => say(`event ${JSON.stringify(event)}`),
    nowUs: () => Date.now() * 1000,
    after: afterTimeout,
  },
);

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function deliver(mayReturn: boolean): Promise<boolean> {
  const delivery = await spool.pull(never);
  if (delivery === undefined) return false;
  const found = sequencesIn(Buffer.concat(delivery.batch.items.map(({ bytes }) => bytes)));
  const what = `${found[0]} ${found.at(-1)}`;
  if (mayReturn && random() < 0.1) delivery.done('returned');
  else {
    say(`got ${what}`);
    delivery.done('delivered');
    say(`done ${what}`);
  }
  return true;
}

async function push(): Promise<void> {
  for (let next = from; ;) {
    const last = next + Math.floor(random() * 30);
    say(`push ${next} ${last}`);
    if (spool.offer(batch(next, last, 200))) {
      say(`took ${next} ${last}`);
      next = last + 1;
    }
    if (random() < 0.1) {
      const upTo = next - 1;
      await spool.synced();
      say(`synced ${upTo}`);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function pull(): Promise<void> {
  for (;;) {
    await deliver(true);
    // Slower than what is pushed, so that there is always something left.
    if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

await spool.open(never);
say('open');
if (mode === 'drain') {
  spool.end();
  while (await deliver(false));
  await spool.close();
  say('end');
} else await Promise.all([push(), pull()]);
