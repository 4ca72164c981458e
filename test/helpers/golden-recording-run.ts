import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Heard } from '../../src/core/kernel-event.ts';
import { RecordingWriter } from '../../src/ingest/recording/writer.ts';
import { SyntheticHost } from '../../src/ingest/synthetic/host.ts';
import { LeakyStream } from '../../src/ingest/synthetic/leak.ts';
import { END, HEADER } from '../unit/ingest/recording/fixtures.ts';
import { framesOf } from './frame-encoder.ts';

/**
 * `node test/helpers/golden-recording-run.ts` writes test/golden/host.fcrec anew: four seconds of a synthetic host, with losses, arguments masked. For a new format of
 * recordings only; whatever changes what is made of it is seen in test/golden/host.replay.txt, which `npx vitest run test/unit/agent/golden.test.ts -u` writes.
 */
const path = fileURLToPath(new URL('../golden/host.fcrec', import.meta.url));
const host = new SyntheticHost({ seed: 7, stepNs: 8_000_000, maxArgsBytes: 4096 });
const stream = new LeakyStream(host, { seed: 7, lostPerMillion: 100_000 });
const heard: Heard[] = [...host.listing(), ...Array.from({ length: 500 }, () => stream.next())];
const lost = heard.reduce((sum, item) => sum + (item.kind === 'LOSS' ? item.count : 0), 0);
const events = heard.filter((item) => 'kernelSeq' in item).length;

await rm(path, { force: true });
const writer = await RecordingWriter.create(path, { redact: true });
const started = { time_us: host.timeUs(host.startNs), monotonic_ns: host.startNs };
await writer.begin({ ...HEADER, started, redacted: true, max_args_bytes: 4096 });
for (const frame of framesOf(heard, { wallUs: host.wallUs, slots: 8 })) writer.add(frame);
await writer.finish({ ...END, heard: events, lost });
await writer.close();
process.stdout.write(`${path}: ${writer.size} bytes, ${events} events, ${lost} lost\n`);
