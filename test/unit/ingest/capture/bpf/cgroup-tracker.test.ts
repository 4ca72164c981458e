import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BpfRing } from '../../../../../src/ingest/capture/bpf/bpf-ring.ts';
import { CgroupTracker } from '../../../../../src/ingest/capture/bpf/cgroup-tracker.ts';
import { MoveFlag, NO_HIERARCHY, RecordType } from '../../../../../src/ingest/capture/bpf/layout.ts';
import { cgroupRecord } from '../../../../helpers/bpf-records.ts';
import { FakeBpfRing } from '../../../../helpers/fake-bpf.ts';
import { tempDir } from '../../../../helpers/temp-dir.ts';

/** A machine whose unified hierarchy lies in a folder. */
async function machine({ cgroup = '5:pids:/\n0::/\n' } = {}) {
  const root = await tempDir();
  const point = join(root, 'cg');
  await mkdir(join(root, 'self'));
  await mkdir(join(point, 'system.slice/cron'), { recursive: true });
  await writeFile(join(root, 'self/cgroup'), cgroup);
  await writeFile(join(root, 'self/mountinfo'), `1 0 0:1 / ${point} rw - cgroup2 cgroup2 rw\n`);
  const kernel = new FakeBpfRing(1 << 16);
  const wanted = new Uint32Array(5);
  const tracker = new CgroupTracker(new BpfRing(kernel), wanted, root);
  return { root, point, kernel, wanted, tracker };
}

it('tells the programs which hierarchies matter before they run', async () => {
  const { wanted } = await machine();
  expect([...wanted]).toEqual([0, NO_HIERARCHY, 5, NO_HIERARCHY, NO_HIERARCHY]);
});

it('knows the cgroups that are there: an id is an inode', async () => {
  const { point, tracker } = await machine();
  tracker.walk(1);
  expect(tracker.paths.pathOf(0, (await stat(point)).ino)).toBe('/');
  expect(tracker.paths.pathOf(0, (await stat(join(point, 'system.slice/cron'))).ino)).toBe('/system.slice/cron');
});

it('follows what the kernel tells of others, those of no interest excepted', async () => {
  const { kernel, tracker } = await machine();
  kernel.put(cgroupRecord({ type: RecordType.CGROUP_MADE, hierarchy: 5, id: 40, path: '/docker' }));
  kernel.put(cgroupRecord({ type: RecordType.CGROUP_MADE, hierarchy: 9, id: 40, path: '/freezer' }));
  kernel.put(cgroupRecord({ type: RecordType.CGROUP_MADE, hierarchy: 5, id: 41, path: '/docker/one' }));
  kernel.put(cgroupRecord({ type: RecordType.CGROUP_RENAMED, hierarchy: 5, id: 40, path: '/podman' }));
  tracker.poll(2);
  expect([tracker.paths.pathOf(5, 40), tracker.paths.pathOf(5, 41), tracker.paths.pathOf(9, 40)]).toEqual([
    '/podman',
    '/podman/one',
    undefined,
  ]);
  expect(kernel.consumed).toBe(kernel.produced);
});

it('knows one that lived for a moment, and forgets it later', async () => {
  const { kernel, tracker } = await machine();
  kernel.put(cgroupRecord({ type: RecordType.CGROUP_MADE, hierarchy: 5, id: 40, path: '/short' }));
  kernel.put(cgroupRecord({ type: RecordType.CGROUP_RELEASED, hierarchy: 5, id: 40, path: '/short', stampNs: 1e9 }));
  tracker.poll(2e9);
  expect(tracker.paths.pathOf(5, 40)).toBe('/short');
  tracker.poll(62e9);
  expect(tracker.paths.pathOf(5, 40)).toBeUndefined();
});

it('hands out moves of whole processes with all their cgroups, once', async () => {
  const { kernel, tracker } = await machine();
  for (const [hierarchy, id, path] of [
    [0, 1, '/'],
    [5, 40, '/docker/one'],
  ] as const)
    kernel.put(cgroupRecord({ type: RecordType.CGROUP_MADE, hierarchy, id, path }));
  const move = { type: RecordType.MOVE, hierarchy: 5, id: 40, path: '/docker/one', tgid: 77, stampNs: 5, cgroups: [1, 0, 40, 0, 0] };
  kernel.put(cgroupRecord({ ...move, flags: MoveFlag.WHOLE_GROUP }));
  // A thread of it alone.
  kernel.put(cgroupRecord({ ...move, stampNs: 6 }));
  kernel.put(cgroupRecord({ ...move, flags: MoveFlag.WHOLE_GROUP, tgid: 78, stampNs: 8, cgroups: [1, 0, 999, 0, 0] }));
  tracker.poll(6);
  expect(tracker.moveNs).toBe(5);
  expect(tracker.takeMove()).toEqual({ tgid: 77, stampNs: 5, cgroup: Buffer.from('0::/\n5:pids:/docker/one\n') });
  expect(tracker.moveNs).toBe(8);
  expect(tracker.takeMove()).toEqual({ tgid: 78, stampNs: 8, cgroup: undefined });
  expect([tracker.moveNs, tracker.takeMove()]).toEqual([Infinity, undefined]);
});

it('knows no path of which the kernel told but the begin, nor what was below it when it was called so', async () => {
  const { kernel, tracker } = await machine();
  const made = { type: RecordType.CGROUP_MADE, hierarchy: 5 };
  const long = `/${'x'.repeat(1022)}`;
  kernel.put(cgroupRecord({ ...made, id: 40, path: long.slice(0, -1) }));
  kernel.put(cgroupRecord({ ...made, id: 41, path: long }));
  kernel.put(cgroupRecord({ ...made, id: 42, path: '' }));
  kernel.put(cgroupRecord({ ...made, id: 43, path: '/short' }));
  kernel.put(cgroupRecord({ ...made, id: 44, path: '/short/below' }));
  kernel.put(cgroupRecord({ ...made, id: 45, path: '/shorter' }));
  kernel.put(cgroupRecord({ ...made, type: RecordType.CGROUP_RENAMED, id: 43, path: long }));
  tracker.poll(1);
  const known = [40, 41, 42, 43, 44, 45].filter((id) => tracker.paths.pathOf(5, id) !== undefined);
  expect(known).toEqual([40, 45]);
});

it('puts a move that is told late among those that wait', async () => {
  const { kernel, tracker } = await machine();
  const root = { type: RecordType.MOVE, flags: MoveFlag.WHOLE_GROUP, hierarchy: 5, id: 1, path: '/' };
  for (const stampNs of [10, 20, 30]) kernel.put(cgroupRecord({ ...root, tgid: stampNs, stampNs }));
  tracker.poll(40);
  tracker.takeMove();
  for (const stampNs of [25, 5, 35]) tracker.add({ tgid: stampNs, stampNs, cgroup: undefined });
  const order: number[] = [];
  for (let move = tracker.takeMove(); move !== undefined; move = tracker.takeMove()) order.push(move.tgid);
  expect(order).toEqual([5, 20, 25, 30, 35]);
});

it('keeps a bounded number of moves, and counts the rest', async () => {
  const { kernel, tracker } = await machine();
  const root = { type: RecordType.MOVE, flags: MoveFlag.WHOLE_GROUP, hierarchy: 5, id: 1, path: '/' };
  for (let i = 0; i < 4100; i += 1) {
    kernel.put(cgroupRecord({ ...root, tgid: i, stampNs: i }));
    tracker.poll(i);
  }
  expect(tracker.movesLost).toBe(4);
  for (let i = 0; i < 10; i += 1) tracker.takeMove();
  kernel.put(cgroupRecord({ ...root, tgid: 5000, stampNs: 5000 }));
  tracker.poll(5000);
  expect(tracker.movesLost).toBe(4);
  const tgids: number[] = [];
  for (let move = tracker.takeMove(); move !== undefined; move = tracker.takeMove()) tgids.push(move.tgid);
  expect([tgids.length, tgids[0], tgids.at(-2), tgids.at(-1)]).toEqual([4087, 10, 4095, 5000]);
});

it('learns of a hierarchy that is mounted later, and tells the programs', async () => {
  const { root, kernel, wanted, tracker } = await machine();
  await writeFile(join(root, 'self/cgroup'), '7:memory:/\n5:pids:/\n0::/\n');
  kernel.put(cgroupRecord({ type: RecordType.CGROUP_MADE, hierarchy: 7, id: 3, path: '/new' }));
  tracker.poll(1);
  expect(tracker.paths.pathOf(7, 3)).toBe('/new');
  expect([...wanted]).toEqual([0, NO_HIERARCHY, 5, 7, NO_HIERARCHY]);
});

it('looks for itself when the kernel had no room to tell, but not all the time', async () => {
  const { point, tracker } = await machine();
  tracker.walk(0);
  await mkdir(join(point, 'missed'));
  const { ino } = await stat(join(point, 'missed'));
  tracker.repair(5e9);
  expect(tracker.paths.pathOf(0, ino)).toBeUndefined();
  tracker.repair(11e9);
  expect(tracker.paths.pathOf(0, ino)).toBe('/missed');
  await rm(join(point, 'missed'), { recursive: true });
});
