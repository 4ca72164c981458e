import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Encoded } from '../../../../src/core/encoded.ts';
import { LineSink } from '../../../../src/sink/stdout/line-sink.ts';
import { LiveView } from '../../../../src/sink/stdout/live-view.ts';
import { createStdoutSink } from '../../../../src/sink/stdout/stdout-sink.ts';
import { compileStdoutSink, stdoutSinkSchema } from '../../../../src/sink/stdout/config.ts';
import { batchOf } from '../../../contract/records.ts';
import { stateOf } from '../../../contract/waiting.ts';
import { FakeTerminal } from './fake-terminal.ts';

const never = new AbortController().signal;
const line = (text: string): Encoded => ({ stream: 'process', kind: 'EXEC', sequence: 1, timeUs: 0, bytes: Buffer.from(`${text}\n`) });

/** A stream whose reader takes a piece at each call of `take`. */
class SlowStream extends Writable {
  readonly pieces: string[] = [];
  #done: ((error?: Error) => void) | undefined;

  take(error?: Error): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(error);
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    this.pieces.push(chunk.toString());
    this.#done = done;
  }
}

const failure = (code: string): Error => Object.assign(new Error(code), { code });

describe('LineSink', () => {
  it('resolves a write when the system has its lines, in one piece a batch', async () => {
    const output = new SlowStream();
    const sink = new LineSink('out', output);
    await sink.open(never);
    const write = sink.write(batchOf(line('one'), line('two')), never);
    expect(await stateOf(write)).toBe('pending');
    expect(output.pieces).toEqual(['one\ntwo\n']);
    output.take();
    await write;
    await sink.close();
  });

  it('stops waiting for a slow reader when aborted', async () => {
    const output = new SlowStream();
    const sink = new LineSink('out', output);
    await sink.open(never);
    const stop = new AbortController();
    const write = sink.write(batchOf(line('one')), stop.signal);
    stop.abort(new Error('stop now'));
    await expect(write).rejects.toThrow('stop now');
    await sink.close();
    output.take();
  });

  it.each(['EPIPE', 'ECONNRESET'])('ends quietly when the reader leaves (%s)', async (code) => {
    const output = new SlowStream();
    const sink = new LineSink('out', output);
    await sink.open(never);
    const write = sink.write(batchOf(line('one')), never);
    output.take(failure(code));
    await write;
    expect(sink.gone).toBe(true);
    await sink.write(batchOf(line('two')), never);
    expect(output.pieces).toEqual(['one\n']);
    await sink.close();
    // Some streams announce it once more; unheard it would end the process.
    expect(() => output.emit('error', failure(code))).not.toThrow();
  });

  it('ends quietly when somebody else ended the stream', async () => {
    const output = new SlowStream();
    const sink = new LineSink('out', output);
    await sink.open(never);
    output.destroy();
    await sink.write(batchOf(line('one')), never);
    expect(sink.gone).toBe(true);
    await sink.close();
  });

  it('rejects when lines cannot be written for another reason, again and again', async () => {
    const output = new SlowStream();
    const sink = new LineSink('out', output);
    await sink.open(never);
    const write = sink.write(batchOf(line('one')), never);
    output.take(failure('ENOSPC'));
    await expect(write).rejects.toMatchObject({ code: 'FILE_IO', message: 'cannot write to stdout: ENOSPC' });
    await expect(sink.write(batchOf(line('two')), never)).rejects.toMatchObject({
      code: 'FILE_IO',
      message: 'cannot write to stdout: ENOSPC',
    });
    expect(sink.gone).toBe(false);
    await sink.close();
  });

  it('closes when the lines under way are written', async () => {
    const output = new SlowStream();
    const sink = new LineSink('out', output);
    await sink.open(never);
    const write = sink.write(batchOf(line('one')), never);
    const closing = sink.close();
    expect(await stateOf(closing)).toBe('pending');
    output.take();
    await Promise.all([write, closing]);
  });

  it('leaves the stream open and without listeners of its own', async () => {
    const output = new SlowStream();
    const before = output.eventNames();
    const sink = new LineSink('out', output);
    await sink.open(never);
    const write = sink.write(batchOf(line('one')), never);
    output.take();
    await write;
    await sink.close();
    expect(output.eventNames()).toEqual(before);
    expect(output.writable).toBe(true);
  });

  it('ends well at the end of a real pipe whose reader has enough', async () => {
    const script = join(import.meta.dirname, 'endless-lines-run.ts');
    const shell = spawn('sh', ['-c', '"$1" "$2" | head -n 3', 'sh', process.execPath, script], { stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = await Promise.all([shell.stdout, shell.stderr].map(async (stream) => (await stream.toArray()).join('')));
    expect(texts).toEqual(['line 1\nline 2\nline 3\n', 'gone\n']);
  });
});

describe('createStdoutSink', () => {
  it('gives people at a terminal a live view, and everybody else every line', () => {
    const terminal = new FakeTerminal();
    const pipe = new SlowStream();
    expect(createStdoutSink({ format: 'line' }, { id: 'eyes', output: terminal })).toBeInstanceOf(LiveView);
    expect(createStdoutSink({ format: 'json' }, { id: 'eyes', output: terminal })).toBeInstanceOf(LineSink);
    expect(createStdoutSink({ format: 'line' }, { id: 'eyes', output: pipe })).toBeInstanceOf(LineSink);
  });

  it('has settings with a default', () => {
    expect(compileStdoutSink({ format: stdoutSinkSchema.format.default })).toEqual({ format: 'line' });
  });
});
