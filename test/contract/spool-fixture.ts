import { uuidBytes } from '../../src/core/uuid.ts';
import type { SpoolEvent } from '../../src/queue/spool/spool-events.ts';
import type { SpoolConfig, SpoolDeps } from '../../src/queue/spool/spool-options.ts';
import { Spool } from '../../src/queue/spool/spool.ts';
import { afterTimeout } from '../../src/queue/spool/timers.ts';
import type { After } from '../../src/queue/spool/timers.ts';
import { FaultyDisk } from '../helpers/faulty-fs.ts';

const CONFIG: SpoolConfig = {
  folder: '/spool/siem',
  maxBytes: 64 << 20,
  maxEvents: Infinity,
  memoryBytes: 1 << 20,
  quarantineBytes: 1 << 20,
  sync: { intervalMs: 500, bytes: 1 << 20 },
};

/** The agent of the n-th run. */
export function agentOf(run: number): Uint8Array {
  return uuidBytes(`0189f7a0-0000-7000-8000-${String(run).padStart(12, '0')}`);
}

/** A spool's folder on a disk that may fail, from one run to the next. */
export class SpoolFolder {
  readonly disk: FaultyDisk;
  readonly events: SpoolEvent[] = [];
  runs = 0;
  locked = false;

  constructor(disk = new FaultyDisk()) {
    this.disk = disk;
  }

  async open(config: Partial<SpoolConfig> = {}, after: After = afterTimeout): Promise<Spool> {
    const spool = new Spool({ ...CONFIG, ...config }, this.deps(after));
    await spool.open(new AbortController().signal);
    return spool;
  }

  deps(after: After = afterTimeout): SpoolDeps {
    this.runs += 1;
    return {
      fs: this.disk.start(),
      origin: { agentId: agentOf(this.runs), format: 'test' },
      lock: () => {
        this.locked = true;
        return Promise.resolve(() => {
          this.locked = false;
          return Promise.resolve();
        });
      },
      onEvent: (event) => this.events.push(event),
      nowUs: () => 1_700_000_000_000_000 + this.runs,
      after,
    };
  }

  segments(): string[] {
    return this.disk.names().filter((path) => path.endsWith('.seg'));
  }
}
