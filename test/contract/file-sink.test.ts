import { expect } from 'vitest';
import { SinkFolder } from './file-sink-fixture.ts';
import { failingDisk, randomFaults } from './failing-disk.ts';
import { record } from './records.ts';
import { retryContract, sinkContract } from './sink-contract.ts';
import type { FallibleFixture } from './sink-contract.ts';

async function make(reproducible: boolean): Promise<FallibleFixture> {
  const folder = await SinkFolder.make();
  const faults = randomFaults();
  // Files so small that blocks, files and batches cut across each other.
  const sink = folder.sink({ reproducible, openFile: failingDisk(faults.decide), config: { rotateMaxBytes: 4000, lingerMs: 2 } });
  return {
    sink,
    record: (sequence, stream) => record(sequence, 40, stream),
    received: async () => {
      expect((await folder.files()).map((file) => file.torn).filter((bytes) => bytes > 0)).toEqual([]);
      // What could not be mended keeps its name and has whole blocks all the same.
      return folder.sequences(/\.plain(\.open)?$/);
    },
    dispose: () => folder.remove(),
    setFaults: faults.set,
  };
}

sinkContract('FileSink', () => make(false));
retryContract('FileSink', () => make(false));
sinkContract('FileSink with reproducible files', () => make(true));
retryContract('FileSink with reproducible files', () => make(true));
