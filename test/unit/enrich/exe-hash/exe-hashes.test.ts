import { createHash, randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { UNKNOWN_SIZE, type ExeStat } from '../../../../src/core/exe-stat.ts';
import { ExeHashes, type ExeHashOptions } from '../../../../src/enrich/exe-hash/exe-hashes.ts';
import type { Executable } from '../../../../src/enrich/exe-hash/hash-file.ts';
import { runCommand } from '../../../helpers/run-command.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';
import { waitFor } from '../../../helpers/wait-for.ts';

const PID = 4711;

async function machine(options: ExeHashOptions = {}) {
  const folder = await tempDir();
  mkdirSync(join(folder, 'proc', String(PID)), { recursive: true });
  const hashes = new ExeHashes({ procfs: join(folder, 'proc'), ...options });
  onTestFinished(() => hashes.close());
  return { hashes, file: (name: string) => join(folder, name), link: join(folder, 'proc', String(PID), 'exe') };
}

function statOf(path: string): ExeStat {
  const { ino: inode, dev: device, mtimeMs, size, mode, nlink: links } = statSync(path);
  return { inode, device, mtime: Math.floor(mtimeMs * 1000), size, mode, links };
}

function write(path: string, content: Buffer): Executable {
  writeFileSync(path, content);
  return { stat: statOf(path), pid: PID, path };
}

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    // Closed since it was listed.
    return undefined;
  }
}

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
const hex = (digest: Uint8Array | null): string | undefined => (digest === null ? undefined : Buffer.from(digest).toString('hex'));

describe('the digest of an executable', () => {
  it('is found also where nobody asked how large the file is, unless it is too large', async () => {
    const { hashes, file } = await machine({ maxBytes: 1000 });
    const exe = write(file('tool'), Buffer.from('abc'));
    const large = write(file('large'), Buffer.alloc(1001));
    const unsized = ({ stat, ...of }: Executable): Executable => ({ ...of, stat: { ...stat, size: UNKNOWN_SIZE } });
    await waitFor(() => hex(hashes.of(unsized(exe))) === sha256(Buffer.from('abc')), { what: 'the digest' });
    hashes.of(unsized(large));
    await waitFor(() => hashes.counters.tooLarge === 1, { what: 'the large file' });
    expect(hashes.of(unsized(large))).toBeNull();
  });

  it.each([0, 1, 300_000])('of %i bytes is there for the next event', async (bytes) => {
    const { hashes, file } = await machine();
    const content = randomBytes(bytes);
    const exe = write(file('tool'), content);
    expect(hashes.of(exe)).toBeNull();
    const found = await waitFor(() => hex(hashes.of(exe)), { what: 'the digest' });
    expect(found).toBe(sha256(content));
    expect(hashes.counters).toMatchObject({ hashed: 1, unreadable: 0 });
  });

  it('is read through the process where the path leads elsewhere', async () => {
    const { hashes, file, link } = await machine();
    const content = Buffer.from('in another mount namespace');
    const exe = write(file('real'), content);
    symlinkSync(file('real'), link);
    write(file('tool'), Buffer.from('something else'));
    const found = await waitFor(() => hex(hashes.of({ ...exe, path: file('tool') })), { what: 'the digest' });
    expect(found).toBe(sha256(content));
  });

  it('is that of the very file or none', async () => {
    const { hashes, file, link } = await machine();
    const exe = write(file('tool'), Buffer.from('first'));
    utimesSync(file('tool'), 1, 1);
    symlinkSync(file('gone'), link);
    hashes.of(exe);
    await waitFor(() => hashes.counters.changed === 1, { what: 'the answer' });
    expect(hashes.of(exe)).toBeNull();
    expect(hashes.counters).toMatchObject({ hashed: 0, changed: 1 });
  });

  it('is none when the file was written while it was read', async () => {
    const { hashes, file } = await machine({ bytesPerSecond: 4_000_000 });
    const exe = write(file('tool'), randomBytes(1_000_000));
    hashes.of(exe);
    const isOpen = (): boolean => readdirSync('/proc/self/fd').some((fd) => targetOf(`/proc/self/fd/${fd}`) === file('tool'));
    await waitFor(isOpen, { what: 'the reading' });
    appendFileSync(file('tool'), 'more');
    await waitFor(() => hashes.counters.hashed + hashes.counters.changed === 1, { what: 'the answer' });
    expect(hashes.counters).toMatchObject({ hashed: 0, changed: 1 });
  });

  it('does not wait for what is no file', async () => {
    const { hashes, file } = await machine();
    const exe = write(file('tool'), Buffer.from('x'));
    await runCommand('mkfifo', [file('pipe')]);
    hashes.of({ ...exe, path: file('pipe') });
    await waitFor(() => hashes.counters.changed === 1, { what: 'the answer' });
  });

  it('opens nothing but the very file', async () => {
    const { hashes, file } = await machine();
    const exe = write(file('tool'), Buffer.from('x'));
    await runCommand('mkfifo', [file('pipe')]);
    const writer = spawn('sh', ['-c', 'echo waiting; exec 3>"$1"; touch "$1.opened"', 'sh', file('pipe')]);
    onTestFinished(() => void writer.kill('SIGKILL'));
    await once(writer.stdout, 'data');
    hashes.of({ ...exe, path: file('pipe') });
    await waitFor(() => hashes.counters.changed === 1, { what: 'the answer' });
    await runCommand('sleep', ['0.2']);
    expect(existsSync(file('pipe.opened'))).toBe(false);
  });

  it('is tried again with another process, after a pause', async () => {
    const { hashes, file, link } = await machine({ retryMs: 1 });
    const exe = write(file('tool'), Buffer.from('x'));
    hashes.of({ ...exe, path: file('nowhere') });
    await waitFor(() => hashes.counters.unreadable === 1, { what: 'the answer' });
    symlinkSync(file('tool'), link);
    const found = await waitFor(() => hex(hashes.of({ ...exe, path: file('nowhere') })), { what: 'the digest' });
    expect(found).toBe(sha256(Buffer.from('x')));
  });

  it('is not asked for at once again where it cannot be had', async () => {
    const { hashes, file } = await machine();
    const exe = { ...write(file('tool'), Buffer.from('x')), path: file('nowhere') };
    hashes.of(exe);
    await waitFor(() => hashes.counters.unreadable === 1, { what: 'the answer' });
    for (let i = 0; i < 10; i++) expect(hashes.of(exe)).toBeNull();
    expect(hashes.counters.unreadable).toBe(1);
  });

  it('changes with the file', async () => {
    const { hashes, file } = await machine();
    const one = write(file('tool'), Buffer.from('one'));
    await waitFor(() => hashes.of(one), { what: 'the first digest' });
    const other = write(file('tool'), Buffer.from('other'));
    expect(hashes.of(other)).toBeNull();
    expect(await waitFor(() => hex(hashes.of(other)), { what: 'the second digest' })).toBe(sha256(Buffer.from('other')));
  });
});

describe('the cost', () => {
  it('is bounded in the size of a file', async () => {
    const { hashes, file } = await machine({ maxBytes: 10 });
    const exe = write(file('tool'), randomBytes(11));
    expect([hashes.of(exe), hashes.of(exe)]).toEqual([null, null]);
    expect(hashes.counters).toMatchObject({ tooLarge: 1, unreadable: 0 });
  });

  it('is bounded in those waiting, which are asked for again later', async () => {
    const { hashes, file } = await machine();
    const exe = write(file('tool'), Buffer.from('x'));
    const other = (inode: number): Executable => ({ ...exe, stat: { ...exe.stat, inode }, path: null });
    for (let inode = 1; inode <= 1000; inode++) hashes.of(other(inode));
    expect(hashes.counters.refused).toBeGreaterThan(500);
    await waitFor(() => hashes.counters.unreadable + hashes.counters.refused === 1000, { what: 'the end of the queue' });
    expect(await waitFor(() => hex(hashes.of(exe)), { what: 'the digest' })).toBe(sha256(Buffer.from('x')));
  });

  it('is bounded in time: closing leaves a file that is read slowly', async () => {
    const { hashes, file } = await machine({ bytesPerSecond: 1000 });
    const exe = write(file('tool'), randomBytes(1_000_000));
    hashes.of(exe);
    await hashes.close();
    await hashes.close();
    expect(hashes.of(exe)).toBeNull();
    expect(hashes.counters).toMatchObject({ hashed: 0, stopped: 1 });
  });
});
