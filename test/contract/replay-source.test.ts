import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReplaySource } from '../../src/ingest/replay/source.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { recordingOf, synthetic } from '../unit/ingest/recording/fixtures.ts';
import { sourceContract } from './source-contract.ts';
import type { SourceFixture } from './source-contract.ts';

async function replaying(speed: number, redact: boolean): Promise<SourceFixture> {
  const folder = await makeTempDir();
  const path = join(folder.path, 'x.fcrec');
  const { frames, header } = synthetic(2000);
  await writeFile(path, await recordingOf(frames, { header, redact }));
  return { source: new ReplaySource({ path, speed }, { onTorn: () => undefined }), dispose: () => folder.remove() };
}

sourceContract('a replay at full speed', () => replaying(0, false));
// Two seconds, of which the tests see the beginning: it is waiting when it is closed.
sourceContract('a replay at the recorded speed', () => replaying(1, true));
