import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordFormat } from '../src/encode/record-format.ts';
import { nodeFs } from '../src/queue/spool/node-fs.ts';
import { SPOOL_DEFAULTS } from '../src/queue/spool/spool-options.ts';
import { Spool } from '../src/queue/spool/spool.ts';
import { afterTimeout } from '../src/queue/spool/timers.ts';

const BUDGET_BYTES = 8 * 2 ** 30;

/** A spool as an agent has it, in a folder of its own. */
export class SpoolPlace {
  readonly #path = mkdtempSync(join(tmpdir(), 'forkcast-bench-'));

  get folder(): string {
    return join(this.#path, 'spool');
  }

  /** The spool, with what is in the folder; one at a time. */
  async open(): Promise<Spool> {
    const spool = new Spool(
      { folder: this.folder, maxBytes: BUDGET_BYTES, ...SPOOL_DEFAULTS },
      {
        fs: nodeFs,
        origin: { agentId: Buffer.alloc(16, 1), format: recordFormat('avro') },
        lock: () => Promise.resolve(() => Promise.resolve()),
        onEvent: (event) => {
          if (event.what !== 'torn') throw new Error(`${event.what} in a benchmark`);
        },
        nowUs: () => Date.now() * 1000,
        after: afterTimeout,
      },
    );
    await spool.open(new AbortController().signal);
    return spool;
  }

  remove(): void {
    rmSync(this.#path, { recursive: true, force: true });
  }
}
