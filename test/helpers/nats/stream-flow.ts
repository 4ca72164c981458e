import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../wait-for.ts';
import type { NatsServer } from './server.ts';

const EVERY_MS = 100;
/** A leader that was killed is missed for up to 9 s, its acknowledgements for another 10, and a busy machine takes its time besides. */
const PATIENCE_MS = 90_000;

/** Of `/jsz`. */
interface Streams {
  readonly account_details?: readonly {
    readonly stream_detail?: readonly { readonly name: string; readonly state: { readonly last_seq: number } }[];
  }[];
}

/** How a stream grows, looked at several times a second until `end`, by the monitoring of its servers: that answers also while the stream has no leader. */
export class StreamFlow {
  /** The sequence of the last message. */
  last = 0;
  /** The longest time in which it did not grow. */
  longestStallMs = 0;
  readonly #servers: readonly NatsServer[];
  readonly #stream: string;
  #grownMs = performance.now();
  #looks = 0;
  #ended = false;
  readonly #watching: Promise<void>;

  constructor(servers: readonly NatsServer[], stream: string) {
    this.#servers = servers;
    this.#stream = stream;
    this.#watching = this.#watch();
  }

  /** Resolves when the stream has had so many messages. `said`: what the sender says of it, for whoever waits in vain. */
  reaches(messages: number, said: () => string = () => ''): Promise<unknown> {
    const what = (): string => `${this.#stream} to have ${messages} messages; it has ${this.last}; ${said().slice(-4000)}`;
    return waitFor(() => this.last >= messages, { what, timeoutMs: PATIENCE_MS, everyMs: EVERY_MS / 2 });
  }

  /** Resolves when it has grown since the call. */
  async grows(said?: () => string): Promise<void> {
    // One look may be under way.
    const looks = this.#looks + 2;
    await waitFor(() => this.#looks >= looks, { what: 'a look at the stream', timeoutMs: PATIENCE_MS });
    await this.reaches(this.last + 1, said);
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#watching;
  }

  async #watch(): Promise<void> {
    while (!this.#ended) {
      // Those that do not run say nothing.
      const lasts = await Promise.all(this.#servers.map((server) => this.#lastOf(server).catch(() => 0)));
      this.#take(Math.max(...lasts));
      this.#looks += 1;
      await sleep(EVERY_MS);
    }
  }

  async #lastOf(server: NatsServer): Promise<number> {
    if (server.pid === undefined) return 0;
    const { account_details = [] } = await server.monitor<Streams>('/jsz?accounts=true&streams=true');
    const found = account_details.flatMap(({ stream_detail = [] }) => stream_detail).find(({ name }) => name === this.#stream);
    return found?.state.last_seq ?? 0;
  }

  #take(last: number): void {
    const now = performance.now();
    if (this.last > 0) this.longestStallMs = Math.max(this.longestStallMs, now - this.#grownMs);
    if (this.last === 0 || last > this.last) this.#grownMs = now;
    this.last = Math.max(this.last, last);
  }
}
