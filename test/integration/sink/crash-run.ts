import { writeSync } from 'node:fs';
import { systemClock } from '../../../src/core/clock.ts';
import { FileSink } from '../../../src/sink/file/file-sink.ts';
import { AGENT_ID, CONFIG } from '../../contract/file-sink-fixture.ts';
import { plainContainer } from '../../contract/plain-container.ts';
import { batch } from '../../contract/records.ts';

/** Run by `crash.test.ts` as a process of its own: writes until it is killed, and prints the first sequence of each batch of ten it got accepted. */
const [path = ''] = process.argv.slice(2);
const quiet = (): undefined => undefined;
const sink = new FileSink(
  { ...CONFIG, path, lingerMs: 1, rotateMaxBytes: 200_000 },
  {
    id: 'disk',
    containers: { process: plainContainer, agent: plainContainer },
    meta: { agent_id: AGENT_ID },
    clock: systemClock,
    log: { info: quiet, warn: quiet, error: quiet },
    lock: () => Promise.resolve(() => Promise.resolve()),
  },
);
const never = new AbortController().signal;
let next = 1;

async function writeOn(): Promise<void> {
  for (;;) {
    const from = next;
    next += 10;
    await sink.write(batch(from, from + 9, 300), never);
    writeSync(1, `${from}\n`);
  }
}

await sink.open(never);
await Promise.all(Array.from({ length: sink.maxInFlight }, writeOn));
