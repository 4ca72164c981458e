import { beforeEach, describe, expect, it } from 'vitest';
import { CgroupPaths, MAX_CGROUPS } from '../../../../../src/ingest/capture/bpf/cgroup-paths.ts';
import { CGROUPS_AT, NO_HIERARCHY } from '../../../../../src/ingest/capture/bpf/layout.ts';
import { RecordView } from '../../../../../src/ingest/capture/bpf/record.ts';
import { forkRecord } from '../../../../helpers/bpf-records.ts';

const HIERARCHIES = [
  { id: 0, names: '' },
  { id: 1, names: 'name=systemd' },
  { id: 4, names: 'cpu,cpuacct' },
  { id: 8, names: 'pids' },
];
const WANTED = [0, 1, 8, NO_HIERARCHY, 4];

let paths = new CgroupPaths();

beforeEach(() => {
  paths = new CgroupPaths();
  paths.setHierarchies(HIERARCHIES, WANTED);
  for (const hierarchy of [0, 1, 4, 8]) paths.add({ hierarchy, id: 1, path: '/' });
});

function textOf(...cgroups: number[]): string | undefined {
  const bytes = new Uint8Array(forkRecord({ tgid: 1, stampNs: 1, cgroups }));
  const view = new RecordView();
  view.bytes = Buffer.from(bytes.buffer);
  view.words = new Uint32Array(bytes.buffer);
  return paths.textOf(view, CGROUPS_AT)?.toString('latin1');
}

describe('the text of a set of cgroups', () => {
  it('is what /proc/<pid>/cgroup says of those that matter', () => {
    paths.add({ hierarchy: 8, id: 35, path: '/docker/abc' });
    expect(textOf(1, 1, 35, 0, 1)).toBe('0::/\n1:name=systemd:/\n8:pids:/docker/abc\n4:cpu,cpuacct:/\n');
  });

  it('goes by hierarchy and id: the same number occurs in several', () => {
    paths.add({ hierarchy: 0, id: 35, path: '/unified' });
    paths.add({ hierarchy: 8, id: 35, path: '/pids' });
    expect(textOf(35, 0, 35, 0, 0)).toBe('0::/unified\n8:pids:/pids\n');
    expect(textOf(35, 0, 1, 0, 0)).toBe('0::/unified\n8:pids:/\n');
  });

  it('tells ids apart that have the same number of 32 bits', () => {
    paths.add({ hierarchy: 0, id: 2 ** 32 + 7, path: '/young' });
    paths.add({ hierarchy: 0, id: 7, path: '/old' });
    expect([textOf(2 ** 32 + 7), textOf(7)]).toEqual(['0::/young\n', '0::/old\n']);
  });

  it('is not known when one of the paths is not, and that is counted', () => {
    expect(textOf(1, 1, 99, 0, 1)).toBeUndefined();
    expect(paths.unresolved).toBe(1);
    paths.add({ hierarchy: 8, id: 99, path: '/late' });
    expect(textOf(1, 1, 99, 0, 1)).toContain('8:pids:/late\n');
  });

  it('keeps bytes that are no UTF-8', () => {
    paths.add({ hierarchy: 0, id: 5, path: '/\xff\xfe' });
    expect(textOf(5)).toBe('0::/\xff\xfe\n');
  });
});

describe('a cgroup', () => {
  it('that is renamed takes its descendants with it, and nothing else', () => {
    for (const [id, path] of [
      [2, '/a'],
      [3, '/a/b'],
      [4, '/ab'],
    ] as const)
      paths.add({ hierarchy: 8, id, path });
    expect(textOf(0, 0, 3)).toBe('8:pids:/a/b\n');
    paths.rename({ hierarchy: 8, id: 2, path: '/z' });
    expect([textOf(0, 0, 2), textOf(0, 0, 3), textOf(0, 0, 4)]).toEqual(['8:pids:/z\n', '8:pids:/z/b\n', '8:pids:/ab\n']);
  });

  it('is remembered for a minute after its end, and then forgotten', () => {
    paths.add({ hierarchy: 8, id: 9, path: '/short' });
    paths.release(8, 9, 1e9);
    paths.expire(60e9);
    expect(paths.pathOf(8, 9)).toBe('/short');
    paths.expire(61e9);
    expect(paths.pathOf(8, 9)).toBeUndefined();
  });

  it('that was made again under its number meanwhile stays', () => {
    paths.add({ hierarchy: 8, id: 9, path: '/one' });
    paths.release(8, 9, 1e9);
    paths.add({ hierarchy: 8, id: 9, path: '/two' });
    paths.expire(100e9);
    expect(paths.pathOf(8, 9)).toBe('/two');
  });

  it('whose making was missed may end', () => {
    paths.release(8, 77, 1e9);
    paths.expire(100e9);
    expect(paths.pathOf(8, 77)).toBeUndefined();
  });
});

describe('no more than a bounded number of cgroups is kept', () => {
  it('of those that are there the oldest go first', () => {
    for (let id = 2; id < MAX_CGROUPS + 10; id += 1) paths.add({ hierarchy: 8, id, path: `/${id}` });
    expect(paths.size).toBeLessThanOrEqual(MAX_CGROUPS + 3);
    expect(paths.size).toBeGreaterThan(MAX_CGROUPS / 2);
    expect(paths.pathOf(8, 2)).toBeUndefined();
    expect(paths.pathOf(8, MAX_CGROUPS + 9)).toBe(`/${MAX_CGROUPS + 9}`);
  });

  it('whoever makes and removes cgroups without end has none forgotten that is in use', () => {
    paths.add({ hierarchy: 8, id: 2, path: '/docker/in-use' });
    for (let id = 3; id < 4 * MAX_CGROUPS; id += 1) {
      paths.add({ hierarchy: 8, id, path: `/${id}` });
      paths.release(8, id, id);
    }
    expect([paths.pathOf(8, 1), paths.pathOf(8, 2)]).toEqual(['/', '/docker/in-use']);
    expect(paths.pathOf(8, 4 * MAX_CGROUPS - 1)).toBe(`/${4 * MAX_CGROUPS - 1}`);
    expect(paths.remembered).toBeLessThanOrEqual(MAX_CGROUPS);
  });
});
