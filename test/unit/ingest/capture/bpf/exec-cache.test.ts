import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExecCache } from '../../../../../src/ingest/capture/bpf/exec-cache.ts';
import type { ExecCacheOptions } from '../../../../../src/ingest/capture/bpf/exec-cache.ts';
import { DROPPED_CGROUPS_AT, DROPPED_PROCESSES_AT, ForkFlag, RecordType } from '../../../../../src/ingest/capture/bpf/layout.ts';
import type { FakeBpfRing } from '../../../../helpers/fake-bpf.ts';
import { FakeBpf } from '../../../../helpers/fake-bpf.ts';
import { cgroupRecord, execRecord, forkRecord } from '../../../../helpers/bpf-records.ts';
import { cacheOptions } from '../../../../helpers/fake-exec-cache.ts';
import { tempDir } from '../../../../helpers/temp-dir.ts';

const EVERYTHING = [
  'on_cgroup_attach_task',
  'on_cgroup_mkdir',
  'on_cgroup_release',
  'on_cgroup_rename',
  'on_exec',
  'on_exit',
  'on_fork',
  'on_switch',
];

async function opened(more: Partial<ExecCacheOptions> = {}) {
  const bpf = new FakeBpf();
  const cache = ExecCache.open(bpf, await cacheOptions(more));
  if ('reason' in cache) throw new Error(cache.reason);
  return { bpf, cache, processes: bpf.rings['processes'] as FakeBpfRing, cgroups: bpf.rings['cgroups'] as FakeBpfRing };
}

describe('opening', () => {
  it('starts all programs with rings of the size asked for', async () => {
    const { bpf, cache } = await opened();
    expect([...bpf.running].toSorted()).toEqual(EVERYTHING);
    expect(bpf.loads[0]?.entries).toEqual({ processes: 1 << 16, cgroups: 256 << 10 });
    expect(cache.features).toEqual(['exec', 'fork', 'exit', 'cgroups']);
    expect(cache.missing).toEqual([]);
  });

  it('starts what is wanted, and no more', async () => {
    const { bpf } = await opened({ features: ['exec', 'cgroups'] });
    expect([...bpf.running].toSorted()).toEqual(EVERYTHING.filter((name) => name === 'on_exec' || name.includes('cgroup')));
  });

  it.each([
    [1024, [1024, 768, 256]],
    [32 << 10, [32 << 10, 24 << 10, 8 << 10]],
    [2 << 20, [32 << 10, 24 << 10, 8 << 10]],
  ])('tells the programs how much of a command line to keep: %d', async (maxArgsBytes, [whole, head, tail]) => {
    const { bpf } = await opened({ maxArgsBytes });
    const { constants } = bpf.loads[0]!;
    expect(Array.from(new Uint32Array(Uint8Array.from(constants).buffer))).toEqual([0, whole, head, tail]);
  });

  it('goes on without what the kernel does not take, and says why', async () => {
    const bpf = new FakeBpf();
    bpf.unloadable.set('on_exit', { errno: 22, log: 'unknown func' });
    bpf.unattachable.set('on_cgroup_rename', 2);
    const cache = ExecCache.open(bpf, await cacheOptions());
    if ('reason' in cache) throw new Error(cache.reason);
    expect(cache.features).toEqual(['exec', 'fork']);
    expect(cache.missing.map(({ feature, reason }) => [feature, reason.split('\n').at(-1)])).toEqual([
      ['exit', 'unknown func'],
      ['cgroups', 'the kernel refuses the programs: ENOENT'],
    ]);
    expect(bpf.open).toBe(1);
    cache.close();
    expect([bpf.open, bpf.running.size]).toEqual([0, 0]);
  });

  it('leaves nothing loaded when what is known of the machine cannot be read', async () => {
    const bpf = new FakeBpf();
    const options = await cacheOptions();
    await rm(join(options.root as string, 'self/cgroup'));
    expect(() => ExecCache.open(bpf, options)).toThrow('ENOENT');
    expect([bpf.open, bpf.running.size]).toEqual([0, 0]);
  });

  it.each([
    ['cannot be loaded', (bpf: FakeBpf) => bpf.unloadable.set('on_exec', { errno: 13, log: 'R1 !read_ok' }), 'R1 !read_ok'],
    ['cannot be attached', (bpf: FakeBpf) => bpf.unattachable.set('on_exec', 1), 'EPERM'],
    ['has no ring', (bpf: FakeBpf) => bpf.unmappable.add('processes'), 'mapped'],
    ['has no ring for cgroups', (bpf: FakeBpf) => bpf.unmappable.add('cgroups'), 'mapped'],
    ['has no shared memory', (bpf: FakeBpf) => bpf.unmappable.add('.bss'), 'mapped'],
  ])('gives the reason when the exec program %s, and leaves nothing loaded', async (_, breakIt, reason) => {
    const bpf = new FakeBpf();
    breakIt(bpf);
    expect(ExecCache.open(bpf, await cacheOptions())).toMatchObject({ reason: expect.stringContaining(reason) as string });
    expect([bpf.open, bpf.running.size]).toEqual([0, 0]);
  });

  it('says that the library is missing', async () => {
    const answer = ExecCache.open({ missing: 'libbpf is not installed' }, await cacheOptions());
    expect(answer).toEqual({ reason: 'libbpf is not installed', fix: expect.stringContaining('apt install libbpf1') as string });
  });

  it('says what of the machine stands against it before anything is loaded', async () => {
    const bpf = new FakeBpf();
    expect(ExecCache.open(bpf, await cacheOptions({ sys: await tempDir() }))).toMatchObject({
      reason: expect.stringContaining('BTF') as string,
    });
    expect(bpf.loads).toEqual([]);
  });
});

describe('an open cache', () => {
  it('knows the cgroup of a record although it was announced in the same moment', async () => {
    const { cache, processes, cgroups } = await opened();
    cgroups.put(cgroupRecord({ type: RecordType.CGROUP_MADE, hierarchy: 0, id: 2 ** 33, path: '/docker/one' }));
    processes.put(execRecord({ tgid: 7, stampNs: 100, cgroups: [2 ** 33] }));
    cgroups.put(
      cgroupRecord({
        type: RecordType.CGROUP_RELEASED,
        hierarchy: 0,
        id: 2 ** 33,
        path: '/docker/one',
        stampNs: Number(process.hrtime.bigint()),
      }),
    );
    cache.poll();
    expect(cache.cgroupOf(cache.takeExec(7, 200)!)?.toString()).toBe('0::/docker/one\n');
  });

  it('knows it of a FORK only where it is not that of the parent', async () => {
    const { cache, processes, cgroups } = await opened();
    cgroups.put(cgroupRecord({ type: RecordType.CGROUP_MADE, hierarchy: 0, id: 2 ** 33, path: '/other' }));
    processes.put(forkRecord({ tgid: 7, stampNs: 100, flags: ForkFlag.SAME_CGROUPS }));
    processes.put(forkRecord({ tgid: 8, stampNs: 100, cgroups: [2 ** 33] }));
    cache.poll();
    expect(cache.cgroupOf(cache.takeFork(7, 90)!)).toBeUndefined();
    expect(cache.cgroupOf(cache.takeFork(8, 90)!)?.toString()).toBe('0::/other\n');
    expect(cache.counters.unresolvedCgroups).toBe(0);
  });

  it('counts what found no room', async () => {
    const { bpf, cache } = await opened();
    bpf.shared.writeBigUInt64LE(2n ** 33n + 5n, DROPPED_PROCESSES_AT);
    bpf.shared.writeBigUInt64LE(3n, DROPPED_CGROUPS_AT);
    cache.poll();
    expect(cache.counters).toMatchObject({ dropped: 2 ** 33 + 5, droppedCgroups: 3 });
  });

  it('gives nothing any more when it is closed, and closes twice', async () => {
    const { bpf, cache, processes } = await opened();
    processes.put(execRecord({ tgid: 7, stampNs: 100 }));
    cache.poll();
    cache.close();
    cache.close();
    processes.put(execRecord({ tgid: 8, stampNs: 100 }));
    cache.poll();
    expect([cache.takeExec(7, 200), cache.takeExec(8, 200), cache.takeLeftover(1e9)]).toEqual([undefined, undefined, undefined]);
    expect(bpf.open).toBe(0);
  });
});
