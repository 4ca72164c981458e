import { randomBytes } from 'node:crypto';
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { readCgroupMounts, readHierarchies, wantedOf } from '../../src/ingest/capture/bpf/hierarchies.ts';
import type { CgroupMount } from '../../src/ingest/capture/bpf/hierarchies.ts';
import { waitFor } from './wait-for.ts';

/** `line`: how /proc/<pid>/cgroup begins its line. */
export type LiveMount = CgroupMount & { readonly line: string };

const hierarchies = readHierarchies();
const wanted = wantedOf(hierarchies);
const names = (id: number): string => hierarchies.find((hierarchy) => hierarchy.id === id)?.names ?? '';

/** One of each hierarchy that says where a process belongs: where it is mounted whole. */
export const mounts: readonly LiveMount[] = readCgroupMounts(hierarchies)
  .filter(
    ({ hierarchy, root }, i, all) => root === '' && wanted.includes(hierarchy) && all.findIndex((one) => one.hierarchy === hierarchy) === i,
  )
  .map((mount) => ({ ...mount, line: `${mount.hierarchy}:${names(mount.hierarchy)}:` }));

/** The kernel renames cgroups of version 1 only, and lets a process be born in those of version 2 only. */
export const ofVersion = (version: 1 | 2): LiveMount[] => mounts.filter(({ hierarchy }) => (hierarchy === 0) === (version === 2));

export interface LiveContainer {
  readonly id: string;
  readonly path: string;
  readonly folder: string;
  remove(): void;
}

/** A cgroup like that of a container, below one of our own. It is removed when `remove` is called, at the latest when the test ends. */
export function liveContainer({ point }: { readonly point: string }): LiveContainer {
  const own = `/forkcast-test-${process.pid}`;
  const id = randomBytes(32).toString('hex');
  const path = `${own}/docker/${id}`;
  const folders = [own, `${own}/docker`, path].map((name) => join(point, name));
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  let there = true;
  const remove = (): void => {
    if (there) for (const folder of folders.toReversed()) rmdirSync(folder);
    there = false;
  };
  onTestFinished(async () => {
    await waitFor(() => (remove(), true), { what: 'the cgroup to be empty' });
  });
  return { id, path, folder: join(point, path), remove };
}
