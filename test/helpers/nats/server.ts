import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeConnectionOptions } from '@nats-io/transport-node';
import type { TlsFiles } from '../certificates.ts';
import { MortalProcess } from '../mortal-process.ts';
import { waitFor } from '../wait-for.ts';
import { adminLogin } from './auth.ts';
import { serverConfig } from './server-config.ts';
import type { NatsOptions, NatsPlace } from './server-config.ts';

const UP_TIMEOUT_MS = 60_000;
const EVERY_MS = 20;
const RELOADED = 'Reloaded server configuration';

/** A nats-server of our own. */
export class NatsServer {
  readonly name: string;
  readonly port: number;
  readonly url: string;
  readonly monitoringUrl: string;
  readonly #place: NatsPlace;
  readonly #process: MortalProcess;
  readonly #files: { readonly config: string; readonly log: string };
  #options: NatsOptions;

  constructor(binary: string, place: NatsPlace, options: NatsOptions) {
    this.name = place.name;
    this.port = place.port;
    this.url = `${place.tls === undefined ? 'nats' : 'tls'}://127.0.0.1:${place.port}`;
    this.monitoringUrl = `http://127.0.0.1:${place.monitoringPort}`;
    this.#place = place;
    this.#files = { config: join(place.folder, 'nats.conf'), log: join(place.folder, 'log') };
    this.#process = new MortalProcess([binary, '--config', this.#files.config], this.#files.log);
    this.#options = options;
  }

  /** undefined: it does not run. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Only where `tls` was asked for. */
  get tls(): TlsFiles {
    if (this.#place.tls === undefined) throw new Error(`${this.name} has no TLS: start it with tls`);
    return this.#place.tls;
  }

  /** Of a client that may do everything. */
  get adminOptions(): NodeConnectionOptions {
    const files = this.#place.tls;
    const handshakeFirst = this.#options.tls === 'first';
    const tls = files === undefined ? {} : { tls: { caFile: files.ca, certFile: files.cert, keyFile: files.key, handshakeFirst } };
    return { servers: [this.url], ...tls, ...adminLogin(this.#options.auth) };
  }

  /** Starts it, with the data it had, and resolves when clients may come. */
  async restart(): Promise<void> {
    await writeFile(this.#files.config, serverConfig(this.#options, this.#place));
    await this.#process.start(() => this.#isUp(), UP_TIMEOUT_MS, EVERY_MS);
  }

  /** It takes other options while it runs; clients whose rights change are disconnected. Ports, TLS and JetStream stay as they are. */
  async reconfigure(changes: NatsOptions): Promise<void> {
    const before = (await this.log()).split(RELOADED).length;
    this.#options = { ...this.#options, ...changes };
    await writeFile(this.#files.config, serverConfig(this.#options, this.#place));
    this.#process.signal('SIGHUP');
    const isDone = async (): Promise<boolean> => (await this.log()).split(RELOADED).length > before;
    await waitFor(isDone, { what: `${this.name} to take its new configuration`, timeoutMs: UP_TIMEOUT_MS });
  }

  /** Ends it as a power failure would; its data stays. */
  kill(): Promise<void> {
    return this.#process.end('SIGKILL');
  }

  /** Ends it in good order; its data stays. */
  stop(): Promise<void> {
    return this.#process.end('SIGTERM');
  }

  /** It tells clients to go elsewhere, takes no new ones, disconnects them one by one, and ends. */
  lameDuck(): void {
    this.#process.signal('SIGUSR2');
  }

  /** Kills it and removes what it kept; may be called again. */
  async close(): Promise<void> {
    await this.kill();
    await rm(this.#place.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Connections stay, and nothing is answered from now on. */
  pause(): Promise<void> {
    return this.#process.freeze();
  }

  resume(): void {
    this.#process.thaw();
  }

  log(): Promise<string> {
    return readFile(this.#files.log, 'utf8');
  }

  /** What its monitoring says, of `/jsz` for example. */
  async monitor<T>(path: string): Promise<T> {
    // A connection that is kept may be to a server that has been killed since.
    const answer = await fetch(this.monitoringUrl + path, { headers: { connection: 'close' }, signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(`${this.name} answers ${answer.status} to ${path}: ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async #isUp(): Promise<boolean> {
    // In a cluster it comes up before there is a leader, which takes others.
    await this.monitor(this.#place.cluster === undefined ? '/healthz' : '/healthz?js-server-only=true');
    return true;
  }
}
