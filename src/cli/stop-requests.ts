import type { Logger } from '../telemetry/log.ts';
import type { CliIo } from './io.ts';

/** What the process that hosts the agent lets it hear; only `main` touches the process itself. */
export interface RunHost {
  /** Stop requests, by name of the signal; SIGHUP may ask for something else. Returns how to stop listening. */
  onSignal(listener: (signal: string) => void): () => void;
  /** The process ends now, for whatever reason; the listener must not wait for anything. */
  onExit(listener: () => void): () => void;
}

/** A second request within this time is the same one: npm and the terminal both deliver Ctrl-C. */
const SAME_REQUEST_MS = 1000;

/** What a stop request is passed on to. */
export interface Stoppable {
  /** Soon, with all that was heard. */
  stop(reason: string): void;
  /** At once. */
  stopNow(): void;
}

/** Stop requests from the first moment on: one that comes before there is an agent waits for it. */
export class StopRequests {
  readonly release: () => void;
  readonly #early: string[] = [];
  #listener: ((signal: string) => void) | undefined;

  constructor(host: RunHost) {
    this.release = host.onSignal((signal) => (this.#listener === undefined ? void this.#early.push(signal) : this.#listener(signal)));
  }

  handOver(listener: (signal: string) => void): void {
    this.#listener = listener;
    for (const signal of this.#early.splice(0)) listener(signal);
  }
}

/** With a terminal SIGHUP says that it is gone; a service has none and is asked to read its configuration again. */
export function asksForReload(signal: string, { stdin, stdout, stderr }: Pick<CliIo, 'stdin' | 'stdout' | 'stderr'>): boolean {
  return signal === 'SIGHUP' && ![stdin, stdout, stderr].some(({ isTTY }) => isTTY === true);
}

/** First request: drain. Another one, when it is really another: give up what is not delivered. */
export function stopper(stoppable: Stoppable, log: Logger): (signal: string) => void {
  let firstMs: number | undefined;
  return (signal) => {
    const nowMs = performance.now();
    if (firstMs === undefined) {
      firstMs = nowMs;
      log.info({ signal }, 'stopping: what was heard is being delivered');
      stoppable.stop(signal);
    } else if (nowMs - firstMs >= SAME_REQUEST_MS) {
      log.warn({ signal }, 'stopping at once');
      stoppable.stopNow();
    }
  };
}
