import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cachedFolder, cacheRoot } from '../cache.ts';
import { attempt, runCommand, tail } from '../run-command.ts';

/** Where the program comes from with which tests start servers of their own. */
export type BinaryChoice =
  | { readonly kind: 'binary'; readonly path: string }
  /** Built by Go, once. */
  | { readonly kind: 'build' }
  /** There is none to be had. */
  | { readonly kind: 'none'; readonly reason: string };

/** The same for tests that any one server will do for. */
export type NatsChoice =
  /** One that runs. */
  { readonly kind: 'given'; readonly url: string } | BinaryChoice;

/** What the choice depends on. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  /** What a program answers when it is asked for its version; undefined: there is no such program. */
  versionOf(program: string): Promise<string | undefined>;
  /** Whether the cache has what Go would build. */
  isBuilt(): boolean;
}

const NATS_VERSION = '2.15.2';
const VARIABLE = 'FORKCAST_TEST_NATS';
const MODULE = `github.com/nats-io/nats-server/v2@v${NATS_VERSION}`;
const FOLDER = `nats-server-${NATS_VERSION}`;
/** Older ones have neither the monitoring nor the handshake that these tests need. */
const LEAST = { major: 2, minor: 10 };
/** The first that fetches the Go that a module wants. */
const LEAST_GO = 21;
const ADDRESS = /^nats:\/\/(?:[^@/\s]+@)?[\w.-]+:\d{1,5}$/;
/** It takes half a minute where nothing else runs. */
const BUILD_TIMEOUT_MS = 9 * 60_000;

const SURROUNDINGS: Surroundings = {
  env: process.env,
  versionOf,
  isBuilt: () => existsSync(join(cacheRoot(), FOLDER)),
};

/** The server that is named, else what `chooseBinary` finds. */
export async function chooseNats(around: Surroundings = SURROUNDINGS): Promise<NatsChoice> {
  const url = around.env[VARIABLE] ?? '';
  return ADDRESS.test(url) ? { kind: 'given', url } : chooseBinary(around);
}

/** What is asked for, else what is in PATH, else what Go builds. Throws where what is asked for is neither an address nor such a program. */
export async function chooseBinary(around: Surroundings = SURROUNDINGS): Promise<BinaryChoice> {
  const asked = around.env[VARIABLE] ?? '';
  if (asked !== '' && !ADDRESS.test(asked)) {
    if (isRecent(await around.versionOf(asked))) return { kind: 'binary', path: asked };
    throw new Error(`${VARIABLE} is ${asked}: write nats://host:port, or the path of a nats-server of version 2.10 or later`);
  }
  if (isRecent(await around.versionOf('nats-server'))) return { kind: 'binary', path: 'nats-server' };
  if (around.isBuilt()) return { kind: 'build' };
  const reason = missingGo(await around.versionOf('go'));
  return reason === undefined ? { kind: 'build' } : { kind: 'none', reason };
}

/** Why tests cannot start servers of their own; undefined: they can. */
export async function missingNats(): Promise<string | undefined> {
  const choice = await chooseBinary();
  return choice.kind === 'none' ? choice.reason : undefined;
}

/** The program of a choice, built if need be. */
export async function binaryOf(choice: BinaryChoice): Promise<string> {
  switch (choice.kind) {
    case 'none':
      throw new Error(choice.reason);
    case 'binary':
      return choice.path;
    case 'build':
      return join(await cachedFolder(FOLDER, build), 'nats-server');
  }
}

function isRecent(version: string | undefined): boolean {
  const [, major = 0, minor = 0] = (/v(\d+)\.(\d+)\./.exec(version ?? '') ?? []).map(Number);
  return major > LEAST.major || (major === LEAST.major && minor >= LEAST.minor);
}

function missingGo(version: string | undefined): string | undefined {
  const wanted = `install nats-server 2.10 or later, or Go 1.${LEAST_GO} or later, which builds it`;
  if (version === undefined) return `neither nats-server nor go in PATH: ${wanted}`;
  const minor = Number(/go1\.(\d+)/.exec(version)?.[1] ?? 0);
  return minor >= LEAST_GO ? undefined : `no nats-server in PATH, and go is too old (${version.trim()}): ${wanted}`;
}

async function versionOf(program: string): Promise<string | undefined> {
  if (program === 'go') return (await findGo())?.version;
  const told = await attempt(program, ['--version']);
  return told?.code === 0 ? told.stdout : undefined;
}

/** In PATH, or where its own installation puts it. */
async function findGo(): Promise<{ readonly program: string; readonly version: string } | undefined> {
  for (const program of ['go', '/usr/local/go/bin/go']) {
    const told = await attempt(program, ['version']);
    if (told?.code === 0) return { program, version: told.stdout };
  }
  return undefined;
}

async function build(folder: string): Promise<void> {
  const env = { ...process.env, GOBIN: folder, CGO_ENABLED: '0', GOFLAGS: '-trimpath' };
  const { program } = (await findGo()) ?? { program: 'go' };
  const { code, stdout, stderr } = await runCommand(program, ['install', '-ldflags=-s -w', MODULE], { env, timeout: BUILD_TIMEOUT_MS });
  if (code !== 0) throw new Error(`go install ${MODULE} ended with ${code ?? 'its time-out'}: ${tail(stdout + stderr)}`);
}
