import { Writable } from 'node:stream';
import type { Encoded } from '../../src/core/encoded.ts';
import { LineSink } from '../../src/sink/stdout/line-sink.ts';
import { LiveView } from '../../src/sink/stdout/live-view.ts';
import { sinkContract } from './sink-contract.ts';
import type { SinkFixture } from './sink-contract.ts';

class Collector extends Writable {
  text = '';

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    setImmediate(done);
  }
}

function record(sequence: number): Encoded {
  return { stream: 'process', kind: 'EXEC', sequence, timeUs: 0, bytes: Buffer.from(`event ${sequence}\n`) };
}

function fixture(sink: SinkFixture['sink'], output: Collector): Promise<SinkFixture> {
  const received = (): Promise<number[]> =>
    Promise.resolve(Array.from(output.text.matchAll(/event (\d+)\n/g), (match) => Number(match[1])));
  return Promise.resolve({ sink, record, received, dispose: () => Promise.resolve() });
}

sinkContract('LineSink', () => {
  const output = new Collector();
  return fixture(new LineSink('out', output), output);
});

sinkContract('LiveView', () => {
  const output = new Collector();
  return fixture(new LiveView({ id: 'eyes', output, colour: false, status: () => 'status', linesPerWindow: 1000 }), output);
});
