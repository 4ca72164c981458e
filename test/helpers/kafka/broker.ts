import { readdir, readFile } from 'node:fs/promises';
import type { Broker as Server } from '@platformatic/kafka';
import { waitFor } from '../wait-for.ts';
import { MortalProcess } from './mortal-process.ts';

/** A broker that was killed comes back only when the controller has given up its last session: 9 s, and as long again to load on a busy host. */
const UP_TIMEOUT_MS = 90_000;

export interface BrokerSettings {
  readonly id: number;
  /** Its plaintext listener. */
  readonly server: Server;
  readonly command: readonly string[];
  readonly logPath: string;
  /** Whether it takes part in the cluster by now. */
  isUp(): Promise<boolean>;
}

export class TestBroker {
  readonly id: number;
  readonly server: Server;
  readonly #process: MortalProcess;
  readonly #isUp: () => Promise<boolean>;

  constructor({ id, server, command, logPath, isUp }: BrokerSettings) {
    this.id = id;
    this.server = server;
    this.#process = new MortalProcess(command, logPath);
    this.#isUp = isUp;
  }

  /** undefined: it does not run. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /**
   * Starts it, with the data it had, and resolves when it takes part in the cluster; that takes a majority of brokers, running or resumed at the
   * same time.
   */
  resume(): Promise<void> {
    return this.#process.start(this.#isUp, UP_TIMEOUT_MS);
  }

  /** Ends it as a power failure would. */
  kill9(): Promise<void> {
    return this.#process.end('SIGKILL');
  }

  /** Stops it as a host that swaps, or a long collection of garbage, would: connections stay, and nothing is answered from now on. */
  async freeze(): Promise<void> {
    const pid = this.#running();
    process.kill(pid, 'SIGSTOP');
    // Until each thread has heard of it, those that run may answer.
    await waitFor(() => isStopped(pid), { what: `broker ${this.id} to stop`, everyMs: 5 });
  }

  thaw(): void {
    process.kill(this.#running(), 'SIGCONT');
  }

  #running(): number {
    if (this.pid === undefined) throw new Error(`broker ${this.id} does not run`);
    return this.pid;
  }

  /** Ends it in good order: its leaderships move first. */
  stop(): Promise<void> {
    return this.#process.end('SIGTERM');
  }
}

async function isStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const stats = await Promise.all(threads.map((tid) => readFile(`/proc/${pid}/task/${tid}/stat`, 'utf8')));
  // The state stands behind the name, which may hold anything.
  return stats.every((stat) => stat[stat.lastIndexOf(')') + 2] === 'T');
}
