import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from './run-command.ts';

/** An implementation of Avro that shares nothing with ours. */
const VERSION = '1.13.1';

const root = fileURLToPath(new URL('../../', import.meta.url));
const venv = join(root, '.cache', `fastavro-${VERSION}`);
const python = join(venv, 'bin', 'python');
const peer = join(root, 'test/integration/fastavro_peer.py');

async function succeed(what: string, path: string, args: readonly string[]): Promise<string> {
  const result = await runCommand(path, args).catch((error: unknown) => {
    throw new Error(`${what} failed: ${path} cannot be started. Install python3 with its venv module.`, { cause: error });
  });
  if (result.code !== 0) throw new Error(`${what} failed (${path} ${args.join(' ')}):\n${result.stderr}`);
  return result.stdout;
}

/** Has fastavro do something, see COMMANDS in fastavro_peer.py; it prints JSON. */
export async function askFastavro<T>(...args: string[]): Promise<T> {
  return JSON.parse(await succeed('fastavro', python, [peer, ...args])) as T;
}

/** There from an earlier run, or made now: without it there is no test, so failing to make it is a failure, everywhere. */
export async function installFastavro(): Promise<void> {
  const there = await runCommand(python, [
    '-c',
    'import fastavro, io; [fastavro.writer(io.BytesIO(), "string", [""], codec=codec) for codec in ("zstandard", "snappy")]',
  ]).then(
    ({ code }) => code === 0,
    () => false,
  );
  if (there) return;
  mkdirSync(join(root, '.cache'), { recursive: true });
  await succeed('making a Python environment', 'python3', ['-m', 'venv', '--clear', venv]);
  await succeed('installing fastavro from PyPI', python, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    `fastavro[zstandard,snappy]==${VERSION}`,
  ]);
}
