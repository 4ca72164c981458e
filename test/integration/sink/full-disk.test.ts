import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const script = join(import.meta.dirname, 'full-disk-run.ts');

interface Report {
  readonly failures: readonly { code: string; errno: string; fix: string; tornAfterwards: number }[];
  readonly names: readonly string[];
  readonly torn: number;
  readonly sequences: readonly number[];
}

/** Runs the script under `sh`, whose own arguments are the folder, this Node and the script. */
async function shell(command: readonly string[], line: string, folder: string): Promise<Report> {
  const [program, ...args] = [...command, 'sh', '-c', line, 'sh', folder, process.execPath, script];
  const { stdout } = await run(program, args);
  return JSON.parse(stdout) as Report;
}

/** How to get a private mount namespace here: as root, or as root of a user namespace where those are allowed. */
async function namespaces(): Promise<string[] | undefined> {
  for (const command of [
    ['unshare', '--mount'],
    ['unshare', '--user', '--map-root-user', '--mount'],
  ]) {
    const [program = '', ...args] = command;
    const works = await run(program, [...args, 'true']).then(
      () => true,
      () => false,
    );
    if (works) return command;
  }
  return undefined;
}

describe('FileSink on a real disk', () => {
  let folder: string;
  const all = Array.from({ length: 2000 }, (_, index) => index + 1);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forkcast-disk-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('survives a full one: nothing torn, lost or repeated, and it goes on by itself once there is room', async ({ skip }) => {
    const command = await namespaces();
    skip(command === undefined, 'a mount namespace needs root or unprivileged user namespaces');
    // 2 MiB for 1 MB of records, of which the ballast leaves about a third. The mount goes with the namespace.
    const report = await shell(command ?? [], 'mount -t tmpfs -o size=2m tmpfs "$1" && exec "$2" "$3" "$1" 1700000', folder);
    expect(report.failures).toHaveLength(3);
    for (const failure of report.failures)
      expect(failure).toEqual({
        code: 'FILE_IO',
        errno: 'ENOSPC',
        fix: expect.stringContaining('free space') as string,
        tornAfterwards: 0,
      });
    expect(report.torn).toBe(0);
    expect(report.names).toHaveLength(1);
    expect(report.sequences).toEqual(all);
  });

  it('survives a limit on file sizes by going on in new files', async () => {
    // 100 KiB a file, or 200: shells differ in the unit.
    const report = await shell(['env'], 'ulimit -f 200 && exec "$2" "$3" "$1"', folder);
    expect(report.failures.length).toBeGreaterThan(1);
    for (const failure of report.failures) expect(failure).toMatchObject({ code: 'FILE_IO', errno: 'EFBIG', tornAfterwards: 0 });
    expect(report.torn).toBe(0);
    expect(report.names.length).toBeGreaterThan(3);
    expect(report.names.every((name) => name.endsWith('.plain'))).toBe(true);
    expect(report.sequences).toEqual(all);
  });
});
