import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { batch, sequences } from '../../../contract/records.ts';
import { SpoolFolder } from '../../../contract/spool-fixture.ts';
import { drain, noise, pull } from './deliveries.ts';
import { ManualTimers } from './manual-timers.ts';

const FIRST = /0001\.seg$/u;

interface Refusals {
  /** Writes to the second segment that the disk takes. */
  readonly writes: number;
}

/** A run that wrote 1, 2 and 3 to a segment whose sync fails and that cannot be cut, and was killed after it wrote so much of it again. */
async function killedWhileItWroteAgain({ writes }: Refusals): Promise<SpoolFolder> {
  const folder = new SpoolFolder();
  const timers = new ManualTimers();
  const spool = await folder.open({}, timers.after);
  for (const n of [1, 2, 3]) spool.offer(batch(n, n));
  let written = 0;
  folder.disk.fault = (operation, path) => {
    if (FIRST.test(path)) return operation === 'create' || operation === 'read' || operation === 'open' ? undefined : 'EIO';
    if (operation === 'write' && path.endsWith('.seg')) return (written += 1) > writes ? 'ENOSPC' : undefined;
    return operation === 'create' && written >= writes ? 'ENOSPC' : undefined;
  };
  timers.advance(500);
  for (let i = 0; i < 4; i += 1) await nextTurn();
  folder.disk.fault = () => undefined;
  folder.disk.kill();
  return folder;
}

describe('what was written again after a failed sync, where the old file could not be cut', () => {
  it.each([1, 2, 3])('is delivered once, in order, from one run to the next: %i of 3', async (writes) => {
    const folder = await killedWhileItWroteAgain({ writes });
    (await pull(await folder.open())).done('delivered');
    folder.disk.kill();
    const spool = await folder.open();
    spool.offer(batch(4, 4));
    expect(await drain(spool)).toEqual([2, 3, 4]);
    expect(folder.events.filter(({ what }) => what !== 'degraded')).toEqual([]);
  });

  it.each([1, 2, 3])('is safe before the old file is given up: %i of 3', async (writes) => {
    const folder = await killedWhileItWroteAgain({ writes });
    await folder.open();
    folder.disk.cutPower();
    expect(await drain(await folder.open())).toEqual([1, 2, 3]);
  });

  it.each(['write', 'truncate', 'sync', 'syncFolder'])('loses nothing where the next start cannot %s', async (refused) => {
    const folder = await killedWhileItWroteAgain({ writes: 1 });
    folder.disk.fault = (operation, path) => (operation === refused && !path.endsWith('position') ? 'EIO' : undefined);
    const spool = await folder.open();
    expect(folder.segments()[0]).toMatch(FIRST);
    folder.disk.fault = () => undefined;
    const found = await drain(spool);
    expect([...new Set(found)]).toEqual([1, 2, 3]);
  });

  it('goes on where another crash came while the start wrote the rest', async () => {
    const folder = await killedWhileItWroteAgain({ writes: 1 });
    const { disk } = folder;
    disk.crashAt = disk.changes + 4;
    void folder.open().catch(() => undefined);
    for (let i = 0; !disk.crashed && i < 1000; i += 1) await nextTurn();
    expect(disk.crashed).toBe(true);
    disk.kill();
    expect(await drain(await folder.open())).toEqual([1, 2, 3]);
  });
});

describe('Spool.synced', () => {
  it('waits until what a failed sync may have lost is done, where it is kept nowhere else', async () => {
    const folder = new SpoolFolder();
    const timers = new ManualTimers();
    const spool = await folder.open({ sync: { intervalMs: 500, bytes: 1 << 30 } }, timers.after);
    folder.disk.fault = (operation, path) => (operation === 'sync' && FIRST.test(path) ? 'EIO' : undefined);
    // Together they are more than is kept of one segment.
    for (const n of [1, 301, 601]) spool.offer(noise(n, n + 299, 6000));
    let isSynced = false;
    const synced = spool.synced().then(() => void (isSynced = true));
    for (let i = 0; i < 20; i += 1) {
      timers.advance(1000);
      await nextTurn();
    }
    expect(isSynced).toBe(false);
    (await pull(spool)).done('delivered');
    await synced;
    folder.disk.cutPower();
    const found = await drain(await folder.open());
    expect(found).toEqual(sequences(batch(301, 900)));
  });
});
