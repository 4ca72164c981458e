import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, chmod, mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const TOOLS = [
  'storm',
  'storm-noop',
  'storm-linger',
  'storm-busy',
  'known',
  'odd-exec',
  'kernel-count',
  'silent-member',
  'forge',
  'threads',
  'terminal',
  'send-log.so',
  'deafen.so',
  'old-libbpf.so',
] as const;
export type NativeTool = (typeof TOOLS)[number];
const SOURCES = import.meta.dirname;
const CACHE = join(SOURCES, '../../.cache/native');
const COMPILER = process.env['CC'] ?? 'cc';
const FLAGS = ['-O2', '-Wall', '-Wextra', '-pthread'];
const FREESTANDING = ['-static', '-nostdlib', '-ffreestanding', '-fno-stack-protector', '-fno-asynchronous-unwind-tables'];

const run = promisify(execFile);
let built: Promise<string> | undefined;

/** Path of a program (or library to preload) of this folder, compiled on first use into `.cache/native/<hash of all sources>/`, where all of them lie side by side. */
export async function nativeTool(tool: NativeTool): Promise<string> {
  built ??= buildAll();
  return join(await built, tool);
}

async function buildAll(): Promise<string> {
  const folder = join(CACHE, await sourceHash());
  if (await exists(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  await chmod(CACHE, 0o755); // tests run these as other users too, whatever our umask
  const unfinished = await mkdtemp(join(CACHE, 'unfinished-'));
  try {
    for (const tool of TOOLS) await compile(tool, join(unfinished, tool));
    await chmod(unfinished, 0o755);
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (!(await exists(folder))) throw error; // otherwise another run was faster, with the same result
  }
  return folder;
}

async function sourceHash(): Promise<string> {
  const hash = createHash('sha256').update([process.arch, COMPILER, ...FLAGS, ...FREESTANDING].join(' '));
  for (const name of (await readdir(SOURCES)).toSorted()) {
    if (/\.[ch]$/.test(name)) hash.update(name).update(await readFile(join(SOURCES, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Static where the C library allows it: a static program starts faster and runs in any root. */
async function compile(tool: NativeTool, target: string): Promise<void> {
  const source = join(SOURCES, `${tool.replace('.so', '')}.c`);
  if (tool.endsWith('.so')) return cc(['-shared', '-fPIC'], source, target);
  if (tool === 'storm-noop') {
    if (['x64', 'arm64'].includes(process.arch)) await cc(FREESTANDING, source, target);
    return;
  }
  const refusals: unknown[] = [];
  for (const linking of [['-static'], []]) {
    try {
      await cc(linking, source, target);
      return;
    } catch (error) {
      refusals.push(error);
    }
  }
  throw new AggregateError(refusals, `${source} does not compile: ${String(refusals.at(-1))}`);
}

async function cc(linking: readonly string[], source: string, target: string): Promise<void> {
  try {
    await run(COMPILER, [...FLAGS, ...linking, '-o', target, source]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const fix = 'Install one (Debian: apt install gcc libc6-dev) or name it in CC.';
    throw new Error(`No C compiler: ${COMPILER} is not in PATH. ${fix}`, { cause: error });
  }
  await chmod(target, 0o755);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
