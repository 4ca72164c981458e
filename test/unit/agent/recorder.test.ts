import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Recorder } from '../../../src/agent/recorder.ts';
import type { Tap } from '../../../src/agent/recorder.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Batch } from '../../../src/core/batch.ts';
import { AgentError } from '../../../src/core/errors.ts';
import type { EventSource, SourceDescription } from '../../../src/core/event-source.ts';
import type { Heard } from '../../../src/core/kernel-event.ts';
import { FrameReader } from '../../../src/ingest/proc-connector/frame-reader.ts';
import { FrameMemory } from '../../../src/ingest/recording/frame-block.ts';
import type { OpenFile } from '../../../src/ingest/recording/writer.ts';
import { failingDisk } from '../../contract/failing-disk.ts';
import { until } from '../../contract/waiting.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { readBackFile, synthetic } from '../ingest/recording/fixtures.ts';
import { recordedLog } from './log-lines.ts';

const { frames } = synthetic(2000);

/** Gives frames as the ring does, one a read, then waits until it is closed. */
class FrameSource implements EventSource {
  readonly id = 'frames';
  readonly kernelSeqs = {};
  handedOut = 0;
  hurried = false;
  readonly #tap: Tap;
  readonly #frames: readonly Buffer[];
  readonly #failure: AgentError | undefined;
  readonly #memory = new FrameMemory();
  readonly #reader = new FrameReader(this.#memory);
  readonly #closed = Promise.withResolvers<void>();

  constructor(tap: Tap, given: { frames?: readonly Buffer[]; failure?: AgentError }) {
    this.#tap = tap;
    this.#frames = given.frames ?? frames;
    this.#failure = given.failure;
  }

  open(boot: AbortSignal): Promise<void> {
    if (this.#failure?.code === 'NETLINK_PERMISSION') return Promise.reject(this.#failure);
    return boot.aborted ? Promise.reject(boot.reason as Error) : Promise.resolve();
  }

  async read(): Promise<Batch<Heard> | undefined> {
    await immediate();
    const frame = this.#frames[this.handedOut];
    if (frame === undefined) {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#closed.promise;
      return undefined;
    }
    this.handedOut += 1;
    this.#tap(frame);
    const items: Heard[] = [];
    this.#memory.load(frame);
    this.#reader.read(0, items);
    return { items, bytes: frame.length };
  }

  get counts() {
    const { events, acks, unknown, lost } = this.#reader.tally;
    return { heard: events + acks + unknown, lost, acks, unknown, foreign: 1, malformed: 2, overruns: 3 };
  }

  describe(): SourceDescription {
    return { sources: ['proc_connector'], degraded: [], lossWindows: ['a window'] };
  }

  close(): Promise<void> {
    this.#closed.resolve();
    return Promise.resolve();
  }

  hurry(): void {
    this.hurried = true;
  }

  bootOffsetNs(): number {
    return 0;
  }

  closeNow(): void {
    this.#closed.resolve();
  }
}

interface Given {
  readonly frames?: readonly Buffer[];
  readonly failure?: AgentError;
  readonly redact?: boolean;
  readonly openFile?: OpenFile;
}

async function newRecorder({ redact = false, openFile, ...given }: Given = {}): Promise<{
  recorder: Recorder;
  source: FrameSource;
  path: string;
}> {
  const path = join(await tempDir(), 'x.fcrec');
  const { config } = loadConfig();
  const listen = (tap: Tap): EventSource => new FrameSource(tap, given);
  const deps = { path, redact, version: '1.2.3', log: recordedLog().log, listen, ...(openFile === undefined ? {} : { openFile }) };
  const recorder = new Recorder(config, deps);
  return { recorder, source: recorder.source as FrameSource, path };
}

describe('a recorder', () => {
  it('writes every frame, who recorded, and the totals, until it is stopped', async () => {
    const { recorder, source, path } = await newRecorder();
    await recorder.start();
    const running = recorder.run();
    await until(() => source.handedOut === frames.length);
    recorder.stop('SIGINT');
    await running;
    const { header, frames: written, end } = await readBackFile(path);
    expect(written).toEqual(frames);
    expect(end).toEqual({
      complete: true,
      reason: 'SIGINT',
      frames: frames.length,
      heard: 2000,
      lost: 0,
      foreign: 1,
      malformed: 2,
      overruns: 3,
    });
    expect(header).toMatchObject({ forkcast: '1.2.3', redacted: false, sources: ['proc_connector'], loss_windows: ['a window'] });
    expect(header.users['0']).toBe('root');
    expect(Math.abs(header.started.time_us - Date.now() * 1000)).toBeLessThan(60e6);
    expect((await lstat(path)).size).toBe(recorder.size);
  });

  it('masks arguments where it is told to', async () => {
    const { recorder, source, path } = await newRecorder({ redact: true });
    await recorder.start();
    const running = recorder.run();
    await until(() => source.handedOut === frames.length);
    recorder.stop('SIGINT');
    await running;
    const { header, frames: written } = await readBackFile(path);
    expect([header.redacted, Buffer.concat(written).includes('healthz?probe')]).toEqual([true, false]);
    expect(Buffer.concat(frames).includes('healthz?probe')).toBe(true);
  });

  it('passes on that it is urgent', async () => {
    const { recorder, source } = await newRecorder({ frames: [] });
    await recorder.start();
    const running = recorder.run();
    recorder.stopNow();
    recorder.stop('SIGTERM');
    await running;
    expect(source.hurried).toBe(true);
  });

  it('leaves no file where it was stopped before it listened, or could not listen', async () => {
    const early = await newRecorder();
    early.recorder.stop('SIGINT');
    await expect(early.recorder.start()).rejects.toMatchObject({ code: 'STOPPED_EARLY' });
    await expect(lstat(early.path)).rejects.toMatchObject({ code: 'ENOENT' });
    const refused = await newRecorder({ failure: new AgentError('NETLINK_PERMISSION', 'no') });
    await expect(refused.recorder.start()).rejects.toMatchObject({ code: 'NETLINK_PERMISSION' });
    await expect(lstat(refused.path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('keeps what it heard when the source fails, with the reason at its end', async () => {
    const { recorder, path } = await newRecorder({ failure: new AgentError('WORKER_DIED', 'the thread died') });
    await recorder.start();
    await expect(recorder.run()).rejects.toMatchObject({ code: 'WORKER_DIED' });
    const { frames: written, end } = await readBackFile(path);
    expect([written.length, end]).toEqual([frames.length, expect.objectContaining({ complete: false, reason: 'the thread died' })]);
  });

  describe('when the disk fails', () => {
    const many = Array.from({ length: 20 }, () => frames).flat();

    it('ends with the first error and what to do; the file has no hole', async () => {
      // Header and one section; then nothing more, not even the end.
      let writes = 0;
      const openFile = failingDisk((operation) =>
        operation !== 'write' || (writes += 1) < 3 ? undefined : writes === 3 ? 'ENOSPC' : 'EIO',
      );
      const { recorder, source, path } = await newRecorder({ openFile, frames: many });
      await recorder.start();
      await expect(recorder.run()).rejects.toMatchObject({
        code: 'FILE_IO',
        context: { path, errno: 'ENOSPC' },
        fix: 'free space on that file system',
      });
      const { frames: written, end } = await readBackFile(path);
      expect(written.length).toBeGreaterThan(50);
      expect(written).toEqual(many.slice(0, written.length));
      expect(end).toHaveProperty('at');
      // What waits in the ring is heard to its end nevertheless: the ingest thread may be waiting for room.
      expect(source.handedOut).toBe(many.length);
    });

    it('takes in no more, and says so at the end, if there is room for that', async () => {
      let writes = 0;
      const openFile = failingDisk((operation) => (operation === 'write' && (writes += 1) === 3 ? 'ENOSPC' : undefined));
      const { recorder, path } = await newRecorder({ openFile, frames: many });
      await recorder.start();
      await expect(recorder.run()).rejects.toMatchObject({ context: { errno: 'ENOSPC' } });
      const { frames: written, end } = await readBackFile(path);
      expect(written).toEqual(many.slice(0, written.length));
      expect(written.length).toBeLessThan(many.length / 2);
      expect(end).toMatchObject({ complete: false, reason: `cannot write ${path}: ENOSPC`, frames: written.length });
    });
  });

  it('records the kernel only', () => {
    const { config } = loadConfig({ overrides: ['source.type=replay'] });
    const deps = { path: 'x', redact: true, version: '1', log: recordedLog().log };
    expect(() => new Recorder(config, deps)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', fix: expect.stringContaining('source.type') as string }) as Error,
    );
  });
});
