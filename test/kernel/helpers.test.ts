import { readFile, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { nativeTool } from '../../bench/storm/build.ts';
import { runStorm } from '../../bench/storm/storm.ts';
import type { StormMode } from '../../bench/storm/storm.ts';
import { inWindow, startKernelTotal } from '../helpers/kernel-total.ts';
import type { KernelTotal } from '../helpers/kernel-total.ts';
import { NOBODY, asOrdinaryUser, isRoot } from '../helpers/ordinary-user.ts';
import { somebodyListens } from '../helpers/silent-member.ts';
import { spawnKnown } from '../helpers/spawn-known.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** Events of a storm's process itself, seen from outside: FORK, EXEC, EXIT. */
const STORM_ITSELF = 3;

interface Round {
  /** Events of others in an equally long window before the storm. */
  readonly noise: number;
  /** Events counted beyond those that the storm made. */
  readonly excess: number;
}

async function stormRound(oracle: KernelTotal, mode: StormMode): Promise<Round> {
  await oracle.mark();
  await sleep(200);
  const noise = (await oracle.mark()).others;
  const report = await runStorm({ mode, count: 10_000, workers: 2 });
  const made = report.generated + report.own.forks + report.own.exits + STORM_ITSELF;
  let others = 0;
  // The last EXIT can follow the reaping of its process: windows add up until it is in.
  await waitFor(async () => (others += (await oracle.mark()).others) >= made, { what: `${made} events in the kernel's count` });
  return { noise, excess: others - made };
}

describe("the kernel's own count", () => {
  it.each(['fork', 'exec', 'thread'] as const)(
    'holds every event of a storm in %s mode, and on a quiet machine hardly more',
    async (mode) => {
      const oracle = await startKernelTotal();
      try {
        const quiet: number[] = [];
        for (let round = 0; round < 3; round++) {
          const { noise, excess } = await stormRound(oracle, mode);
          if (noise < 20) quiet.push(excess);
        }
        expect(quiet.length === 0 || Math.min(...quiet) < 1000, `excess ${quiet.join(', ')}`).toBe(true);
      } finally {
        await oracle.close();
      }
    },
  );

  it('is made of contiguous windows on every CPU, in which its own marks are counted apart', async () => {
    const oracle = await startKernelTotal();
    try {
      const [first, second] = [await oracle.mark(), await oracle.mark()];
      expect(second.cpus.map(({ fromSeq }) => fromSeq)).toEqual(first.cpus.map(({ toSeq }) => toSeq));
      for (const { count, own } of second.cpus) {
        expect(own).toBeGreaterThanOrEqual(1);
        expect(count).toBeGreaterThanOrEqual(own);
      }
      expect(second.total - second.others).toBe(second.cpus.reduce((sum, { own }) => sum + own, 0));
    } finally {
      await oracle.close();
    }
  });

  it('tells whether a number lies in a window, across the wrap of the kernel and beyond it', () => {
    const window = { cpus: [{ cpu: 1, fromSeq: 2 ** 32 - 2, toSeq: 1, count: 3, own: 1 }], total: 3, others: 2 };
    const inside = (seq: number): boolean => inWindow(window, 1, seq);
    expect([2 ** 32 - 2, 2 ** 32 - 1, 0, 1, 2].map(inside)).toEqual([false, true, true, true, false]);
    expect([2 ** 32, 2 ** 32 + 1, 5 * 2 ** 32 + 1].map(inside)).toEqual([true, true, true]);
    expect(inWindow(window, 0, 0)).toBe(false);
  });
});

describe('the silent member', () => {
  it('hears as long as somebody listens', async () => {
    const oracle = await startKernelTotal();
    try {
      expect(await somebodyListens()).toBe(true);
    } finally {
      await oracle.close();
    }
  });

  it.each(['end of stdin', 'SIGTERM', 'SIGINT', 'SIGHUP'])('hears nothing once the only listener went by %s', async (way) => {
    const before = await somebodyListens();
    const oracle = await startKernelTotal();
    if (way !== 'end of stdin') process.kill(oracle.pid, way);
    await oracle.close();
    // Where others listen, or one leaked before this test, nothing can be said; otherwise silence must return.
    if (!before) await waitFor(async () => !(await somebodyListens()), { what: 'silence on the connector' });
  });
});

describe('a known process', () => {
  it('has the argv, folder and executable it was given', async () => {
    const cwd = await tempDir();
    const known = await spawnKnown({ args: ['two words', 'new\nline', ''], cwd, liveMs: 60_000 });
    expect(await readFile(`/proc/${known.pid}/cmdline`, 'utf8')).toBe(`${known.argv.join('\0')}\0`);
    expect(known.argv[1]).toBe(`--tag=${known.tag}`);
    expect(await readlink(`/proc/${known.pid}/cwd`)).toBe(cwd);
    expect(await readlink(`/proc/${known.pid}/exe`)).toBe(known.exe);
    known.kill('SIGKILL');
    expect(await known.ended).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('ends as it was told', async () => {
    expect(await (await spawnKnown({ exitCode: 7 })).ended).toEqual({ code: 7, signal: null });
    expect(await (await spawnKnown({ dieBy: 'SIGUSR1' })).ended).toEqual({ code: null, signal: 'SIGUSR1' });
  });

  it.runIf(isRoot)('runs as the user and group it was given', async () => {
    const known = await spawnKnown({ uid: 4711, gid: 4712, liveMs: 60_000 });
    const status = await readFile(`/proc/${known.pid}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t4711\t4711\t4711\t4711$/m);
    expect(status).toMatch(/^Gid:\t4712\t4712\t4712\t4712$/m);
    known.kill('SIGKILL');
    await known.ended;
  });
});

describe('an ordinary user', () => {
  it('has no rights of root and a folder of its own', async () => {
    const { stdout, code } = await asOrdinaryUser('/bin/sh', ['-c', 'id -u; touch here && pwd; grep CapEff /proc/self/status']);
    const [uid, folder, capabilities] = stdout.trim().split('\n');
    expect(code).toBe(0);
    expect(uid).toBe(String(isRoot ? NOBODY : process.getuid?.()));
    expect(folder).toMatch(/forkcast-test-/);
    expect(capabilities).toMatch(/CapEff:\t0{16}$/);
  });
});

describe('waiting', () => {
  it('ends with the first value that says yes', async () => {
    let asked = 0;
    expect(await waitFor(() => ++asked > 2 && `after ${asked}`, { what: 'the third time' })).toBe('after 3');
  });

  it('says in vain for what, and what was last seen', async () => {
    const waiting = waitFor(
      () => {
        throw new Error('still closed');
      },
      { what: 'the door to open', timeoutMs: 20 },
    );
    await expect(waiting).rejects.toThrow(/20 ms in vain for the door to open; last seen: Error: still closed/);
  });
});

describe('the compiled programs', () => {
  it('lie side by side, where storm finds its cheapest child', async () => {
    expect(await readFile(await nativeTool('storm-noop'))).toSatisfy((bytes: Buffer) => bytes.length < 20_000);
  });
});
