import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/core/clock.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { RecordContainer } from '../../src/core/container.ts';
import type { FileSinkConfig } from '../../src/sink/file/config.ts';
import type { OpenFile } from '../../src/sink/file/event-file.ts';
import { FileSink } from '../../src/sink/file/file-sink.ts';
import { plainContainer, readPlain } from './plain-container.ts';
import type { PlainFile } from './plain-container.ts';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

export const AGENT_ID = '0f1e2d3c-4b5a-8697-a8b9-cadbecfd0e1f';

export const CONFIG: Omit<FileSinkConfig, 'path'> = {
  codec: 'null',
  rotateMaxBytes: 64 * 1024 * 1024,
  rotateMaxAgeMs: 3_600_000,
  keepBytes: 1024 ** 3,
  lingerMs: 3,
  syncIntervalMs: 5000,
};

export interface Overrides {
  readonly config?: Partial<FileSinkConfig>;
  readonly container?: RecordContainer;
  readonly openFile?: OpenFile;
  readonly clock?: Clock;
  readonly meta?: Readonly<Record<string, string>>;
  readonly lock?: (path: string) => Promise<() => Promise<void>>;
  readonly reproducible?: boolean;
}

/** A folder of its own for file sinks, and what is in it. */
export class SinkFolder {
  readonly path: string;
  readonly log: LogLine[] = [];

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<SinkFolder> {
    return new SinkFolder(await mkdtemp(join(tmpdir(), 'forkcast-sink-')));
  }

  sink(overrides: Overrides = {}): FileSink {
    const {
      config,
      container = plainContainer,
      openFile,
      clock = systemClock,
      meta = { agent_id: AGENT_ID },
      lock = () => Promise.resolve(() => Promise.resolve()),
      reproducible = false,
    } = overrides;
    const write = (level: LogLine['level']) => (fields: object, message: string) => {
      this.log.push({ level, fields: fields as Record<string, unknown>, message });
    };
    return new FileSink(
      { ...CONFIG, path: this.path, ...config },
      {
        id: 'disk',
        containers: { process: container, agent: container },
        meta,
        clock,
        log: { info: write('info'), warn: write('warn'), error: write('error') },
        lock,
        reproducible,
        ...(openFile === undefined ? {} : { openFile }),
      },
    );
  }

  /** Names, sorted. */
  async names(): Promise<string[]> {
    return (await readdir(this.path)).toSorted();
  }

  async files(pattern = /\.plain$/): Promise<PlainFile[]> {
    const names = (await this.names()).filter((name) => pattern.test(name));
    return Promise.all(names.map(async (name) => readPlain(await readFile(join(this.path, name)))));
  }

  /** Sequences in all files that match, in the order of their names. */
  async sequences(pattern = /\.plain$/): Promise<number[]> {
    return (await this.files(pattern)).flatMap((file) => file.blocks.flat());
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }
}
