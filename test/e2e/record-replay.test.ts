import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FORKCAST, decode } from '../helpers/agent-process.ts';
import { runCommand } from '../helpers/run-command.ts';
import { digests, replay } from '../helpers/replay.ts';
import { spawnKnown } from '../helpers/spawn-known.ts';
import type { KnownProcess } from '../helpers/spawn-known.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** A running `forkcast record`; killed when the test ends if it still runs then. */
async function startRecording(path: string, ...args: string[]) {
  const child = spawn(FORKCAST, ['record', path, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()));
  const ended = once(child, 'close') as Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  await waitFor(() => stderr.includes('listening'), { what: 'the recorder to listen', timeoutMs: 20_000 });
  return {
    /** Asks it to end; how it did. */
    end: async (signal: NodeJS.Signals) => {
      child.kill(signal);
      const [code] = await ended;
      return { code, stderr };
    },
  };
}

/** Processes of which everything is known, with arguments that nobody else has. */
async function someProcesses(): Promise<KnownProcess[]> {
  const processes: KnownProcess[] = [];
  // Alive for a moment, so that they are still there when the recorder looks.
  for (let i = 0; i < 10; i += 1) processes.push(await spawnKnown({ liveMs: 100, exitCode: i }));
  await Promise.all(processes.map(({ ended }) => ended));
  return processes;
}

interface Line {
  readonly kind?: string;
  readonly type?: string;
  readonly pid?: number;
  readonly capture?: { readonly args?: readonly string[]; readonly args_bytes?: number };
}

test('what is recorded is replayed to the same files each time, at any speed, with the events of every process', async () => {
  const path = join(await tempDir(), 'live.fcrec');
  const recording = await startRecording(path, '--unredacted');
  const processes = await someProcesses();
  expect(await recording.end('SIGINT')).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/events heard, none lost; .*with all arguments/) as string,
  });

  const first = await replay(path);
  expect([first.code, first.err.includes('warn')]).toEqual([0, false]);
  const same = await digests(first);
  expect(await digests(await replay(path))).toEqual(same);
  expect(await digests(await replay(path, { speed: 20 }))).toEqual(same);

  const events = await decode(first.files.filter((name) => name.startsWith('process')).map((name) => join(first.data, 'events', name)));
  for (const [i, { pid, exe, argv }] of processes.entries()) {
    const own = events.filter(({ process }) => process.pid === pid);
    expect(own.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['FORK', 'EXEC', 'EXIT']));
    expect(own.find(({ kind }) => kind === 'EXEC')?.process).toMatchObject({ exe, args: argv });
    expect(own.find(({ kind }) => kind === 'EXIT')?.exit?.code).toBe(i);
  }
});

test('arguments are masked before they are written, unless all are asked for', async () => {
  const path = join(await tempDir(), 'live.fcrec');
  const recording = await startRecording(path);
  const processes = await someProcesses();
  expect(await recording.end('SIGTERM')).toMatchObject({ code: 0, stderr: expect.stringContaining('arguments masked') as string });
  expect((await stat(path)).mode & 0o777).toBe(0o600);

  const { stdout } = await runCommand(FORKCAST, ['decode', path]);
  for (const { tag } of processes) expect(stdout).not.toContain(tag);
  const lines = await decode<Line>([path]);
  expect([lines[0]?.type, lines.at(-1)?.type]).toEqual(['recording', 'end']);
  for (const { pid, argv } of processes) {
    const exec = lines.find((line) => line.kind === 'EXEC' && line.pid === pid);
    const bytes = argv.reduce((sum, argument) => sum + Buffer.byteLength(argument) + 1, 0);
    expect(exec?.capture).toMatchObject({
      args: [argv[0], ...argv.slice(1).map((argument) => '***'.slice(0, argument.length))],
      args_bytes: bytes,
    });
  }
});

test('a recorder that is killed leaves what it had written, which is replayed with a warning', async () => {
  const path = join(await tempDir(), 'killed.fcrec');
  const recording = await startRecording(path);
  const [known] = await someProcesses();
  // Written within a second of being heard.
  await waitFor(async () => (await decode<Line>([path])).some(({ kind, pid }) => kind === 'EXIT' && pid === known?.pid), {
    what: 'the events to be in the file',
  });
  await recording.end('SIGKILL');
  const { code, err, files } = await replay(path);
  expect([code, files.length]).toEqual([0, 2]);
  expect(err).toContain('the recording is not complete, it was cut at byte');
});

test('a full disk ends the recording with 74; what fitted is replayed', async ({ skip }) => {
  const works = await runCommand('unshare', ['--mount', 'true']).then(
    ({ code }) => code === 0,
    () => false,
  );
  skip(!works, 'a mount namespace needs root');
  const folder = await tempDir();
  // The mount goes with the namespace; what runs meanwhile fills it within seconds.
  const script = `mount -t tmpfs -o size=160k tmpfs "$1" || exit 99
    timeout 60 sh -c 'while :; do /bin/true; done' & busy=$!
    "$3" record "$1/full.fcrec" --duration 50s; code=$?
    kill $busy; wait $busy; cp "$1/full.fcrec" "$2/full.fcrec"; exit $code`;
  const mounted = await tempDir();
  const { code, stderr } = await runCommand('unshare', ['--mount', 'sh', '-c', script, 'sh', mounted, folder, FORKCAST]);
  expect([code, stderr]).toEqual([
    74,
    expect.stringMatching(/cannot write .*full\.fcrec: ENOSPC\nfree space on that file system/) as string,
  ]);
  expect(stderr).toContain('the last of them are not in the file');
  const { code: replayed, err, files } = await replay(join(folder, 'full.fcrec'));
  expect([replayed, files.length]).toEqual([0, 2]);
  expect(err).toContain('the recording is not complete');
});

test('a recording replaces nothing and records the kernel only', async () => {
  const folder = await tempDir();
  const path = join(folder, 'there.fcrec');
  await writeFile(path, 'precious');
  const refused = await runCommand(FORKCAST, ['record', path]);
  expect([refused.code, refused.stderr]).toEqual([
    74,
    expect.stringMatching(/there\.fcrec: it exists already\nname another file/) as string,
  ]);
  expect(await readFile(path, 'utf8')).toBe('precious');
  const other = join(folder, 'other.fcrec');
  const synthetic = await runCommand(FORKCAST, ['record', other, '--set', 'source.type=synthetic']);
  expect([synthetic.code, synthetic.stderr]).toEqual([78, expect.stringContaining('cannot be recorded') as string]);
  await expect(stat(other)).rejects.toMatchObject({ code: 'ENOENT' });
});
