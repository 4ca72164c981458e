import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const PROGRAM = join(import.meta.dirname, 'fuzz-run.ts');
/** Tens of times what it takes: a loop without an end shows as a kill. */
const PATIENCE_MS = 100_000;
/** Whatever grows with what a datagram says ends the program. */
const HEAP = '--max-old-space-size=96';

const run = promisify(execFile);

interface Report {
  readonly received: Readonly<Record<string, number>>;
  readonly passed?: Readonly<Record<string, number>>;
  readonly maxRssMiB: number;
}

async function fuzz(...args: string[]): Promise<Report> {
  const { stdout } = await run(process.execPath, [HEAP, PROGRAM, ...args], { timeout: PATIENCE_MS });
  return JSON.parse(stdout) as Report;
}

describe('damaged input', () => {
  it('two million datagrams come out as an independent decoder says, each counted once, in bounded memory; so do frames through the ring', async () => {
    const { received, passed, maxRssMiB } = await fuzz('--seed', '1', '--datagrams', '2000000');
    expect(received['datagrams']).toBeGreaterThanOrEqual(2_000_000);
    // The damage reaches every way a datagram can go.
    for (const way of ['events', 'acks', 'unknown', 'malformed', 'foreign']) expect(received[way], way).toBeGreaterThan(20_000);
    expect(received['refused']).toBeGreaterThan(0);
    expect(received['lost']).toBeGreaterThan(0);
    expect(passed?.['frames']).toBeGreaterThanOrEqual(400_000);
    expect(maxRssMiB).toBeLessThan(400);
  });

  it('is the same for the same seed, so that one session can be looked at alone', async () => {
    const once = async () => ({ ...(await fuzz('--seed', '20', '--session', '3')).received, seconds: undefined });
    expect(await once()).toEqual(await once());
  });
});
