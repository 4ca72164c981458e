import { parseArgs } from 'node:util';
import { enrichedEvents } from '../../../bench/corpus/enricher.ts';
import type { Batch } from '../../../src/core/batch.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import { createAvroEncoder } from '../../../src/encode/avro/binary.ts';
import { nodeFs } from '../../../src/queue/spool/node-fs.ts';
import { SPOOL_DEFAULTS } from '../../../src/queue/spool/spool-options.ts';
import { Spool } from '../../../src/queue/spool/spool.ts';
import { afterTimeout } from '../../../src/queue/spool/timers.ts';

/*
 * Run by `outage.test.ts` as a process of its own: `--append N`, several times, puts N events into the spool that nobody reads; `--read N` delivers the
 * first N of them. Prints what came of each as a line of JSON. Peak memory is the process's, all that this file loads included.
 */
const { values } = parseArgs({
  options: { folder: { type: 'string' }, budget: { type: 'string' }, append: { type: 'string', multiple: true }, read: { type: 'string' } },
});
const { folder = '', budget, append = [], read } = values;
/** As the source reads them at 5,000 events/s, every 5 ms. */
const BATCH_EVENTS = 25;
/** As many batches at once as a tenth of a second brings, then a turn for everybody else. */
const BURST = 20;
const never = new AbortController().signal;

const told: string[] = [];
const spool = new Spool(
  { ...SPOOL_DEFAULTS, folder, maxBytes: Number(budget) },
  {
    fs: nodeFs,
    origin: { agentId: Buffer.alloc(16, 1), format: 'test' },
    lock: () => Promise.resolve(() => Promise.resolve()),
    onEvent: ({ what }) => told.push(what),
    nowUs: () => Date.now() * 1000,
    after: afterTimeout,
  },
);

/** FORK, EXEC and EXIT of commands as the agent encodes them; frames are compressed one by one, so that the same ones again take no less room. */
function corpus(): Batch<Encoded>[] {
  const encoder = createAvroEncoder();
  const records = enrichedEvents(4000).map((event) => encoder.encode(event));
  const batches: Batch<Encoded>[] = [];
  for (let from = 0; from + BATCH_EVENTS <= records.length; from += BATCH_EVENTS) {
    const items = records.slice(from, from + BATCH_EVENTS);
    batches.push({ items, bytes: items.reduce((sum, { bytes }) => sum + bytes.length, 0) });
  }
  return batches;
}

let sequence = 0;

/** The same events again, as further ones of the run. */
function numbered({ items, bytes }: Batch<Encoded>): Batch<Encoded> {
  return { items: items.map((item) => Object.assign({}, item, { sequence: (sequence += 1) })), bytes };
}

async function fill(events: number, batches: readonly Batch<Encoded>[]): Promise<object> {
  let [accepted, refused, encodedBytes] = [0, 0, 0];
  for (let i = 0; accepted + refused < events; i += 1) {
    const batch = numbered(batches[i % batches.length] as Batch<Encoded>);
    if (spool.offer(batch)) accepted += batch.items.length;
    else refused += batch.items.length;
    encodedBytes += batch.bytes;
    if (i % BURST === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await spool.synced();
  return { accepted, refused, encodedBytes };
}

async function empty(events: number): Promise<object> {
  let delivered = 0;
  while (delivered < events) {
    const delivery = await spool.pull(never);
    delivered += delivery?.batch.items.length ?? 0;
    delivery?.done('delivered');
  }
  return { delivered };
}

function say(result: object): void {
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(`${JSON.stringify({ ...result, depth: spool.depth, told, peakMiB })}\n`);
}

await spool.open(never);
if (append.length > 0) {
  const batches = corpus();
  for (const events of append) say(await fill(Number(events), batches));
}
if (read !== undefined) say(await empty(Number(read)));
await spool.close();
