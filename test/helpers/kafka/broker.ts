import type { Broker as Server } from '@platformatic/kafka';
import { MortalProcess } from '../mortal-process.ts';

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

  /** See `MortalProcess`. */
  freeze(): Promise<void> {
    return this.#process.freeze();
  }

  thaw(): void {
    this.#process.thaw();
  }

  /** Ends it in good order: its leaderships move first. */
  stop(): Promise<void> {
    return this.#process.end('SIGTERM');
  }
}
