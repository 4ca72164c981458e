import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Encoded } from '../../../../src/core/encoded.ts';
import { LineSink } from '../../../../src/sink/stdout/line-sink.ts';
import { LiveView } from '../../../../src/sink/stdout/live-view.ts';
import { createStdoutSink } from '../../../../src/sink/stdout/stdout-sink.ts';
import { compileStdoutSink, stdoutSinkSchema } from '../../../../src/sink/stdout/config.ts';
import { batchOf } from '../../../contract/records.ts';
import { stateOf } from '../../../contract/waiting.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';
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

  it.each(['EPIPE', 'ECONNRESET'])('rejects for good once the reader has left (%s)', async (code) => {
    const output = new SlowStream();
    const sink = new LineSink('out', output);
    await sink.open(never);
    const write = sink.write(batchOf(line('one')), never);
    output.take(failure(code));
    await expect(write).rejects.toMatchObject({ code: 'OUTPUT_GONE', retry: 'never', category: 'failed' });
    expect(sink.gone).toBe(true);
    await expect(sink.write(batchOf(line('two')), never)).rejects.toMatchObject({ code: 'OUTPUT_GONE' });
    expect(output.pieces).toEqual(['one\n']);
    await sink.close();
    // Some streams announce it once more; unheard it would end the process.
    expect(() => output.emit('error', failure(code))).not.toThrow();
  });

  it('rejects as gone when somebody else ended the stream', async () => {
    const output = new SlowStream();
    const sink = new LineSink('out', output);
    await sink.open(never);
    output.destroy();
    await expect(sink.write(batchOf(line('one')), never)).rejects.toMatchObject({ code: 'OUTPUT_GONE' });
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
    expect(texts).toEqual(['line 1\nline 2\nline 3\n', 'OUTPUT_GONE\ngone\n']);
  });
});

describe('LineSink on a regular file', () => {
  /** The sink on a file, and a disk that takes `room` bytes, at most 5 at once. */
  async function onDisk(room: number) {
    const path = join(await tempDir(), 'out');
    const fd = openSync(path, 'w');
    onTestFinished(() => closeSync(fd));
    const disk = { room, text: () => readFileSync(path, 'utf8') };
    const sink = new LineSink('out', Object.assign(new SlowStream(), { fd }), async (to, bytes, at) => {
      const length = Math.min(5, bytes.length - at, disk.room);
      if (length === 0) throw failure('ENOSPC');
      disk.room -= length;
      return writeSync(to, bytes, at, length);
    });
    await sink.open(never);
    onTestFinished(() => sink.close());
    return { sink, disk };
  }

  it('writes on where the system took a part only', async () => {
    const { sink, disk } = await onDisk(100);
    await Promise.all([sink.write(batchOf(line('number one'), line('two')), never), sink.write(batchOf(line('three')), never)]);
    expect(disk.text()).toBe('number one\ntwo\nthree\n');
  });

  it('rejects when the disk is full, says how many records are in the file, and repeats nothing at the next attempt', async () => {
    const { sink, disk } = await onDisk(13);
    const batch = batchOf(line('number one'), line('two'), line('three'));
    await expect(sink.write(batch, never)).rejects.toMatchObject({
      code: 'FILE_IO',
      retry: 'backoff',
      context: { errno: 'ENOSPC', landed: 1 },
    });
    expect(disk.text()).toBe('number one\ntw');
    disk.room = 100;
    await sink.write(batch, never);
    expect(disk.text()).toBe('number one\ntwo\nthree\n');
  });

  it('never tears a line that is half written, whichever batch comes next', async () => {
    const { sink, disk } = await onDisk(2);
    const [first, second] = [batchOf(line('one')), batchOf(line('two'))];
    await expect(sink.write(first, never)).rejects.toMatchObject({ context: { landed: 0 } });
    await expect(sink.write(second, never)).rejects.toMatchObject({ context: { landed: 0 } });
    disk.room = 100;
    await sink.write(second, never);
    await sink.write(first, never);
    expect(disk.text()).toBe('one\ntwo\n');
  });

  it('leaves alone what was not begun', async () => {
    const { sink, disk } = await onDisk(0);
    await expect(sink.write(batchOf(line('given up')), never)).rejects.toMatchObject({ context: { landed: 0 } });
    disk.room = 100;
    await sink.write(batchOf(line('two')), never);
    expect(disk.text()).toBe('two\n');
  });

  it('needs no stand-in for the system', async () => {
    const path = join(await tempDir(), 'out');
    const fd = openSync(path, 'w');
    onTestFinished(() => closeSync(fd));
    const sink = new LineSink('out', Object.assign(new SlowStream(), { fd }));
    await sink.open(never);
    await sink.write(batchOf(line('one'), line('two')), never);
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
  });
});

describe('createStdoutSink', () => {
  it('gives people at a terminal a live view, and everybody else every line', () => {
    const terminal = new FakeTerminal();
    const pipe = new SlowStream();
    expect(createStdoutSink({ format: 'line' }, { id: 'eyes', output: terminal })).toBeInstanceOf(LiveView);
    expect(createStdoutSink({ format: 'line' }, { id: 'eyes', output: terminal, dumb: true })).toBeInstanceOf(LineSink);
    expect(createStdoutSink({ format: 'json' }, { id: 'eyes', output: terminal })).toBeInstanceOf(LineSink);
    expect(createStdoutSink({ format: 'line' }, { id: 'eyes', output: pipe })).toBeInstanceOf(LineSink);
  });

  it('has settings with a default', () => {
    expect(compileStdoutSink({ format: stdoutSinkSchema.format.default, ocsf_version: stdoutSinkSchema.ocsf_version.default })).toEqual({
      format: 'line',
    });
  });
});
