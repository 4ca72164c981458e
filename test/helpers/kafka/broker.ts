import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Broker as Server } from '@platformatic/kafka';
import { waitFor } from '../wait-for.ts';
import { attempt, tail } from './java.ts';

/** A broker that was killed comes back only when the controller has given up its last session: 9 s, and as long again to load on a busy host. */
const UP_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 30_000;

export interface BrokerSettings {
  readonly id: number;
  /** Its plaintext listener. */
  readonly server: Server;
  readonly command: readonly string[];
  readonly logPath: string;
  /** Whether the broker at `server` takes part in the cluster by now. */
  isUp(server: Server): Promise<boolean>;
}

/** What to put before a command so that its process is over when the one that started it is, however that ended. */
export async function mortally(): Promise<readonly string[]> {
  if ((await attempt('setpriv', ['--pdeathsig', 'KILL', 'true']))?.code === 0) return ['setpriv', '--pdeathsig', 'KILL'];
  process.once('exit', killAll);
  return [];
}

const running = new Set<number>();

function killAll(): void {
  for (const pid of running) process.kill(-pid, 'SIGKILL');
}

export class TestBroker {
  readonly id: number;
  readonly server: Server;
  readonly #settings: BrokerSettings;
  #child: ChildProcess | undefined;

  constructor(settings: BrokerSettings) {
    this.id = settings.id;
    this.server = settings.server;
    this.#settings = settings;
  }

  /** undefined: it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts its process; `up` tells when it serves. */
  launch(): void {
    if (this.#child !== undefined) throw new Error(`broker ${this.id} runs already`);
    const { command, logPath } = this.#settings;
    const [program = '', ...args] = command;
    const log = openSync(logPath, 'a');
    // A process group of its own: Ctrl-C in a terminal is for whoever runs the tests.
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    this.#child = child;
    if (child.pid !== undefined) running.add(child.pid);
    child.once('error', () => this.#ended(child)).once('exit', () => this.#ended(child));
  }

  #ended(child: ChildProcess): void {
    if (child.pid !== undefined) running.delete(child.pid);
    if (this.#child === child) this.#child = undefined;
  }

  /** Resolves when it takes part in the cluster; rejects with the end of its log when it ends before. */
  async up(): Promise<void> {
    const { server, isUp } = this.#settings;
    const condition = async (): Promise<boolean> => this.#child === undefined || isUp(server);
    await waitFor(condition, { what: `broker ${this.id} to be up`, timeoutMs: UP_TIMEOUT_MS, everyMs: 100 }).catch(
      async (error: unknown) => {
        throw new Error(`${String(error)}\n${await this.logTail()}`, { cause: error });
      },
    );
    if (this.#child === undefined) throw new Error(`broker ${this.id} ended before it was up:\n${await this.logTail()}`);
  }

  async logTail(): Promise<string> {
    return tail(await readFile(this.#settings.logPath, 'utf8'));
  }

  /** Ends it like a power failure would. */
  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it in good order: its leaderships move first. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Starts it again with the data it had. A majority of brokers must run or be resumed at the same time. */
  async resume(): Promise<void> {
    this.launch();
    await this.up();
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) return;
    const ended = once(child, 'exit', { signal: AbortSignal.timeout(STOP_TIMEOUT_MS) });
    process.kill(-child.pid, signal);
    await ended;
  }
}
