import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { isRoot } from './ordinary-user.ts';
import { waitFor } from './wait-for.ts';

/** A signal stops whole processes. The freezer of cgroup v1 takes single threads; where it is not mounted nothing does. */
const FREEZER = '/sys/fs/cgroup/freezer';
export const canFreezeThreads = isRoot && existsSync(join(FREEZER, 'tasks'));

/**
 * Stops the thread of this name, which waits in poll(2) at times, until `thaw`, which is idempotent, or the end of the test. Not even SIGKILL ends it
 * meanwhile. It is caught while it waits: with a lock in its hand, that of malloc, say, it would stop the others with it.
 */
export async function freezeThread(pid: number, name: string): Promise<{ thaw(): Promise<void> }> {
  const tid = await threadOf(pid, name);
  const cgroup = join(FREEZER, `forkcast-test-${tid}`);
  await mkdir(cgroup);
  const thaw = async (): Promise<void> => {
    if (!existsSync(cgroup)) return;
    await writeFile(join(cgroup, 'freezer.state'), 'THAWED');
    // It may have ended by now.
    await writeFile(join(FREEZER, 'tasks'), String(tid)).catch(() => undefined);
    await waitFor(() => rmdir(cgroup).then(() => true), { what: 'the freezer to be empty' });
  };
  onTestFinished(thaw);
  await waitFor(() => readFileSync(`/proc/${tid}/wchan`, 'utf8').includes('poll'), {
    what: 'the thread to wait',
    everyMs: 1,
    timeoutMs: 30_000,
  });
  await writeFile(join(cgroup, 'tasks'), String(tid));
  await writeFile(join(cgroup, 'freezer.state'), 'FROZEN');
  await waitFor(async () => (await readFile(join(cgroup, 'freezer.state'), 'utf8')).trim() === 'FROZEN', {
    what: 'the thread to stand still',
  });
  return { thaw };
}

async function threadOf(pid: number, name: string): Promise<number> {
  const folder = `/proc/${pid}/task`;
  for (const tid of await readdir(folder)) if ((await readFile(join(folder, tid, 'comm'), 'utf8')).trim() === name) return Number(tid);
  throw new Error(`process ${pid} has no thread ${name}`);
}
