import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { runCommand } from './run-command.ts';
import { makeTempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

const CACHE = fileURLToPath(new URL('../../.cache/docker-engine', import.meta.url));
const PACKAGES = ['docker.io', 'containerd', 'runc'];
const FOLDERS = ['usr/sbin', 'usr/bin'];

/**
 * Folders with dockerd, containerd and runc: those of the machine, else unpacked from its distribution's packages into the cache of this checkout,
 * without installing them. undefined: only root can run them, or they are not to be had.
 */
export async function findDockerd(): Promise<readonly string[] | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const own = (process.env['PATH'] ?? '').split(delimiter);
  if (own.some((folder) => existsSync(join(folder, 'dockerd')))) return own;
  const cached = FOLDERS.map((folder) => join(CACHE, folder));
  const isThere = existsSync(join(cached[0] as string, 'dockerd')) || (await unpack());
  return isThere ? [...cached, ...own] : undefined;
}

async function unpack(): Promise<boolean> {
  const { path, remove } = await makeTempDir({ readable: true });
  try {
    if ((await attempt('apt-get', ['download', ...PACKAGES], path)) !== 0) return false;
    for (const name of await readdir(path)) if (name.endsWith('.deb')) await attempt('dpkg', ['-x', name, 'root'], path);
    await rm(CACHE, { recursive: true, force: true });
    await mkdir(join(CACHE, '..'), { recursive: true });
    // Into its place at once: another test may be looking.
    return (await attempt('cp', ['-r', 'root', `${CACHE}.new`], path)) === 0 && (await rename(`${CACHE}.new`, CACHE), true);
  } finally {
    await remove();
  }
}

async function attempt(command: string, args: readonly string[], cwd: string): Promise<number | null> {
  try {
    return (await runCommand(command, args, { cwd })).code;
  } catch (error) {
    // Not Debian's kind of system.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** A Docker engine of its own: no network, its folders in a temporary place, its mounts in a namespace of their own. */
export class DockerdProcess {
  readonly socketPath: string;
  readonly #folder: { path: string; remove(): Promise<void> };
  readonly #child: ChildProcess;

  private constructor(folder: { path: string; remove(): Promise<void> }, child: ChildProcess) {
    this.#folder = folder;
    this.#child = child;
    this.socketPath = join(folder.path, 'docker.sock');
  }

  static async start(path: readonly string[]): Promise<DockerdProcess> {
    const folder = await makeTempDir();
    const at = (name: string): string => join(folder.path, name);
    const places = ['--data-root', at('data'), '--exec-root', at('exec'), '-p', at('pid'), '-H', `unix://${at('docker.sock')}`];
    const quiet = [
      '--bridge=none',
      '--iptables=false',
      '--ip6tables=false',
      '--ip-forward=false',
      '--ip-masq=false',
      '--storage-driver=vfs',
    ];
    const child = spawn('/usr/bin/env', ['unshare', '-m', 'dockerd', ...places, ...quiet, '--userland-proxy=false', '-l', 'error'], {
      env: { ...process.env, PATH: path.join(delimiter) },
      stdio: 'ignore',
    });
    const engine = new DockerdProcess(folder, child);
    try {
      await waitFor(() => engine.#isUp(), { what: 'dockerd', timeoutMs: 60_000, everyMs: 100 });
    } catch (error) {
      await engine.stop();
      throw error;
    }
    return engine;
  }

  async #isUp(): Promise<boolean> {
    if (this.#child.exitCode !== null) throw new Error(`dockerd ended with ${this.#child.exitCode}`);
    return (await this.call('GET', '/_ping')).status === 200;
  }

  /** An image without anything in it, by this name. */
  async makeImage(name: string): Promise<void> {
    const answer = await this.call('POST', `/images/create?fromSrc=-&repo=${name}`, Buffer.alloc(10_240));
    if (answer.status !== 200) throw new Error(`no image: ${answer.body}`);
  }

  /** A container that is there but does not run yet; it sees the programs of this machine. Returns its id. */
  async create(name: string, more: { image: string; command: string[]; labels?: Record<string, string> }): Promise<string> {
    const binds = ['/bin', '/lib', '/lib64', '/usr'].filter((folder) => existsSync(folder)).map((folder) => `${folder}:${folder}:ro`);
    const body = { Image: more.image, Cmd: more.command, Labels: more.labels, HostConfig: { NetworkMode: 'none', Binds: binds } };
    const answer = await this.call('POST', `/containers/create?name=${name}`, body);
    if (answer.status !== 201) throw new Error(`no container: ${answer.body}`);
    return (JSON.parse(answer.body) as { Id: string }).Id;
  }

  /** Returns the pid of its first process, as this machine counts. */
  async start(id: string): Promise<number> {
    const answer = await this.call('POST', `/containers/${id}/start`);
    if (answer.status !== 204) throw new Error(`not started: ${answer.body}`);
    return (JSON.parse((await this.call('GET', `/containers/${id}/json`)).body) as { State: { Pid: number } }).State.Pid;
  }

  rename(id: string, name: string): Promise<unknown> {
    return this.call('POST', `/containers/${id}/rename?name=${name}`);
  }

  async call(method: string, path: string, body?: object): Promise<{ status: number; body: string }> {
    const sent = request({
      socketPath: this.socketPath,
      method,
      path,
      headers: { 'Content-Type': Buffer.isBuffer(body) ? 'application/x-tar' : 'application/json' },
    });
    const answer = once(sent, 'response') as Promise<[IncomingMessage]>;
    sent.end(body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body));
    const [response] = await answer;
    return { status: response.statusCode ?? 0, body: await text(response) };
  }

  /** Its containers go first: they would outlive it. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      await this.#removeAll();
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await ended;
    }
    await this.#folder.remove();
  }

  async #removeAll(): Promise<void> {
    if (!existsSync(this.socketPath)) return;
    const { body } = await this.call('GET', '/containers/json?all=1');
    for (const { Id: id } of JSON.parse(body) as { Id: string }[]) await this.call('DELETE', `/containers/${id}?force=1`);
  }
}

export async function cgroupFileOf(pid: number): Promise<Buffer> {
  return readFile(`/proc/${pid}/cgroup`);
}
