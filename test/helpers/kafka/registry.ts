import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedFolder } from '../cache.ts';
import { freePorts } from '../free-ports.ts';
import { MortalProcess } from '../mortal-process.ts';
import { runCommand, tail } from '../run-command.ts';
import { maven } from './java.ts';

/** The newest that runs on Java 17. */
const VERSION = '3.0.9';
const ARCHIVE = `apicurio-registry-app-${VERSION}-all.tar.gz`;
const RUNNER = `apicurio-registry-app-${VERSION}-runner.jar`;
const UP_TIMEOUT_MS = 90_000;

/** A schema registry that speaks Confluent's REST API, in memory: Apicurio. */
export class TestRegistry {
  /** What clients take for the registry's address. */
  readonly url: string;
  readonly #process: MortalProcess;
  readonly #folder: string;

  private constructor(url: string, process: MortalProcess, folder: string) {
    this.url = url;
    this.#process = process;
    this.#folder = folder;
  }

  static async start(): Promise<TestRegistry> {
    const app = await registryFiles();
    const [port = 0] = await freePorts(1);
    const folder = await mkdtemp(join(tmpdir(), 'forkcast-test-registry-'));
    const at = [`-Dquarkus.http.host=127.0.0.1`, `-Dquarkus.http.port=${port}`];
    const command = ['java', '-Xmx384m', '-XX:+UseSerialGC', ...at, '-jar', join(app, RUNNER)];
    const process = new MortalProcess(command, join(folder, 'registry.log'));
    const registry = new TestRegistry(`http://127.0.0.1:${port}/apis/ccompat/v7`, process, folder);
    try {
      await registry.resume();
    } catch (error) {
      await registry.close();
      throw error;
    }
    return registry;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** What it knew is gone with it. */
  kill9(): Promise<void> {
    return this.#process.end('SIGKILL');
  }

  /** Starts it, empty, at the same address. */
  resume(): Promise<void> {
    return this.#process.start(async () => (await fetch(`${this.url}/subjects`)).ok, UP_TIMEOUT_MS);
  }

  async close(): Promise<void> {
    await this.kill9();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** From Maven Central, 110 MB, kept in the cache. */
function registryFiles(): Promise<string> {
  return cachedFolder(`apicurio-registry-${VERSION}`, async (folder) => {
    const artifact = `io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`;
    await maven(folder, ['dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`]);
    const { code, stderr } = await runCommand('tar', ['-xzf', join(folder, ARCHIVE), '-C', folder]);
    if (code !== 0) throw new Error(`tar ended with ${code}: ${tail(stderr)}`);
    await rm(join(folder, ARCHIVE));
  });
}
