import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import { createAvroEncoder } from '../../../src/encode/avro/binary.ts';
import { createOcf } from '../../../src/encode/avro/ocf.ts';
import { decode } from '../../../src/encode/decode.ts';
import { FILE_CODECS } from '../../../src/sink/file/config.ts';
import type { FileCodec } from '../../../src/sink/file/config.ts';
import { FileSink } from '../../../src/sink/file/file-sink.ts';
import { AGENT_ID, CONFIG, SinkFolder } from '../../contract/file-sink-fixture.ts';
import { batchOf } from '../../contract/records.ts';
import { execEvent, exitEvent, forkEvent } from '../../unit/encode/samples.ts';

const never = new AbortController().signal;

describe('FileSink with Avro object container files', () => {
  let folder: SinkFolder;
  const encoder = createAvroEncoder();
  const kinds = [forkEvent, execEvent, exitEvent];

  beforeEach(async () => {
    folder = await SinkFolder.make();
  });
  afterEach(() => folder.remove());

  const encoded = (sequence: number): Encoded => {
    const event = kinds[sequence % kinds.length] ?? forkEvent;
    return encoder.encode({ stream: 'process', event: { ...event, sequence } });
  };
  const open = async (codec: FileCodec): Promise<FileSink> => {
    const quiet = (): undefined => undefined;
    const sink = new FileSink(
      { ...CONFIG, path: folder.path, codec, rotateMaxBytes: 300_000 },
      {
        id: 'disk',
        containers: { process: createOcf('process', codec), agent: createOcf('agent', codec) },
        meta: { agent_id: AGENT_ID },
        clock: systemClock,
        log: { info: quiet, warn: quiet, error: quiet },
        lock: () => Promise.resolve(() => Promise.resolve()),
      },
    );
    await sink.open(never);
    return sink;
  };
  const sequences = async (): Promise<(number | null | string)[]> => {
    const found: (number | null | string)[] = [];
    for (const name of await folder.names()) {
      for await (const decoded of decode(createReadStream(join(folder.path, name))))
        found.push(decoded.what === 'event' ? decoded.event.event.sequence : decoded.what);
    }
    return found;
  };
  const write = async (sink: FileSink, count: number): Promise<void> => {
    const all = Array.from({ length: count }, (_, index) => encoded(index + 1));
    const batches = Array.from({ length: count / 50 }, (_, index) => batchOf(...all.slice(index * 50, index * 50 + 50)));
    await Promise.all(batches.map((b) => sink.write(b, never)));
  };
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

  it.each(FILE_CODECS)('writes files with codec %s that decode to what was sent', async (codec) => {
    const sink = await open(codec);
    await write(sink, 3000);
    await sink.close();
    expect(await sequences()).toEqual(upTo(3000));
  });

  it('recovers a file torn anywhere in its last block', async () => {
    const sink = await open('zstd');
    await write(sink, 1000);
    await write(sink, 1000);
    await sink.close();
    const [name = ''] = await folder.names();
    const path = join(folder.path, name);
    const content = await readFile(path);
    await folder.remove();
    for (const torn of [1, 17, 1000]) {
      await (await open('zstd')).close();
      await writeFile(`${path}.open`, content.subarray(0, content.length - torn));
      await (await open('zstd')).close();
      const found = await sequences();
      expect(found.length).toBeGreaterThan(0);
      expect(found).toEqual([...upTo(1000), ...upTo(1000)].slice(0, found.length));
      await folder.remove();
    }
  });
});
