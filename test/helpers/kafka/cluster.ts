import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Broker as Server } from '@platformatic/kafka';
import { makeCertificates } from '../certificates.ts';
import type { TlsFiles } from '../certificates.ts';
import { freePorts } from '../free-ports.ts';
import { runCommand } from '../run-command.ts';
import type { CommandResult } from '../run-command.ts';
import { waitFor } from '../wait-for.ts';
import { TestBroker } from './broker.ts';
import { formatStorage } from './format-storage.ts';
import { kafkaFiles } from './jars.ts';
import type { KafkaFiles } from './jars.ts';
import { OAuthServer } from './oauth-server.ts';
import { LISTENERS, LOG_TO_STDOUT, serverProperties, wantsAuth } from './server-properties.ts';
import type { ClusterOptions, Listener, Ports } from './server-properties.ts';
import { Wire } from './wire.ts';

const LOG_SETTINGS = 'log4j2.properties';
/** Ports that were free may be taken when brokers come to listen on them. */
const ATTEMPTS = 3;
const JVM = ['-Xms64m', '-XX:+UseSerialGC'];
/** The first compiler only: a broker starts with 2.4 s of CPU instead of 3.8. */
const QUICK_START = '-XX:TieredStopAtLevel=1';
const ALLOWED_URLS = '-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls';

export interface Cluster {
  /** host:port of every broker's plaintext listener, with commas between. */
  readonly bootstrap: string;
  /** The broker of id n is at n - 1. */
  readonly brokers: readonly TestBroker[];
  /** Lists like `bootstrap`, of listeners that were asked for. */
  readonly listeners: {
    readonly saslSsl: string;
    readonly saslPlaintext: string;
    readonly mtls: string;
    readonly oauth: string;
    readonly far: string;
  };
  /** Only with TLS, which `auth`, `authorizer` and `oauth` bring. */
  readonly tls: TlsFiles;
  /** Only with `oauth`. */
  readonly oauth: OAuthServer;
  /** Runs a class of Kafka's tools, `org.apache.kafka.tools.ProducerPerformance` for example, to its end. */
  tool(className: string, args: readonly string[]): Promise<CommandResult>;
  /** Kills the brokers and removes what they kept; may be called again. */
  close(): Promise<void>;
}

/** A cluster of Apache Kafka on 127.0.0.1, on free ports, which every broker has joined. See `ClusterOptions`. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const files = await kafkaFiles();
  for (let attempt = 1; ; attempt++) {
    const cluster = new LocalCluster(options, files);
    try {
      await cluster.start();
      return cluster;
    } catch (error) {
      await cluster.close();
      if (attempt === ATTEMPTS || !String(error).includes('Address already in use')) throw error;
    }
  }
}

class LocalCluster implements Cluster {
  brokers: readonly TestBroker[] = [];
  readonly #options: ClusterOptions;
  readonly #files: KafkaFiles;
  #folder = '';
  #ports: readonly Ports[] = [];
  #wire: Wire | undefined;
  #tls: TlsFiles | undefined;
  #oauth: OAuthServer | undefined;

  constructor(options: ClusterOptions, files: KafkaFiles) {
    this.#options = options;
    this.#files = files;
  }

  async start(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'forkcast-test-kafka-'));
    this.#ports = await portsOf(this.#options.brokers ?? 1);
    await writeFile(this.#at(LOG_SETTINGS), LOG_TO_STDOUT);
    if (wantsAuth(this.#options) || this.#options.oauth === true) this.#tls = await makeCertificates(this.#folder);
    if (this.#options.oauth === true) this.#oauth = await OAuthServer.start();
    this.#wire = new Wire(this.bootstrap);
    this.brokers = await Promise.all(this.#ports.map((_, index) => this.#prepare(index + 1)));
    await Promise.all(this.brokers.map((broker) => broker.resume()));
    await waitFor(() => this.#whole(), { what: 'every broker to know all others', timeoutMs: 30_000, everyMs: 50 });
  }

  get bootstrap(): string {
    return this.#list('PLAINTEXT');
  }

  get listeners(): Cluster['listeners'] {
    const [saslSsl, saslPlaintext] = [this.#list('SASL_SSL'), this.#list('SASL_PLAINTEXT')];
    return { saslSsl, saslPlaintext, mtls: this.#list('MTLS'), oauth: this.#list('OAUTH'), far: this.#list('FAR') };
  }

  get tls(): TlsFiles {
    if (this.#tls === undefined) throw new Error('the cluster has no TLS: start it with auth or oauth');
    return this.#tls;
  }

  get oauth(): OAuthServer {
    if (this.#oauth === undefined) throw new Error('the cluster knows no tokens: start it with oauth');
    return this.#oauth;
  }

  tool(className: string, args: readonly string[]): Promise<CommandResult> {
    return runCommand('java', [...JVM, '-Xmx128m', QUICK_START, ...this.#classPath(), className, ...args]);
  }

  async close(): Promise<void> {
    await this.#wire?.close();
    await Promise.all(this.brokers.map((broker) => broker.kill9()));
    await this.#oauth?.close();
    if (this.#folder !== '') await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  #at(name: string): string {
    return join(this.#folder, name);
  }

  #list(listener: Listener): string {
    return this.#ports.map((ports) => `127.0.0.1:${ports[listener]}`).join(',');
  }

  #classPath(): string[] {
    return [`-Dlog4j2.configurationFile=${this.#at(LOG_SETTINGS)}`, '-cp', this.#files.classPath];
  }

  async #prepare(id: number): Promise<TestBroker> {
    const place = { id, ports: this.#ports, dataFolder: this.#at(`data-${id}`), tlsFolder: this.#folder, jwksUrl: this.#oauth?.jwksUrl };
    const properties = this.#at(`server-${id}.properties`);
    await formatStorage(place.dataFolder, { id, files: this.#files });
    await writeFile(properties, serverProperties(this.#options, place));
    const speed = this.#options.fullSpeed === true ? [] : [QUICK_START];
    const urls = place.jwksUrl === undefined ? [] : [`${ALLOWED_URLS}=${place.jwksUrl}`];
    const command = ['java', ...JVM, '-Xmx256m', ...speed, ...urls, ...this.#classPath(), 'kafka.Kafka', properties];
    const server = { host: '127.0.0.1', port: (this.#ports[id - 1] as Ports).PLAINTEXT };
    const isUp = async (): Promise<boolean> => (await this.#names(server)).includes(id);
    return new TestBroker({ id, server, command, logPath: this.#at(`broker-${id}.log`), isUp });
  }

  async #names(server: Server): Promise<number[]> {
    return ((await this.#wire?.metadata([], server))?.brokers ?? []).map(({ nodeId }) => nodeId);
  }

  /** The first broker answers before the others have registered, and each learns of the others in its own time. */
  async #whole(): Promise<boolean> {
    const known = await Promise.all(this.brokers.map(({ server }) => this.#names(server)));
    return known.every((names) => names.length === this.brokers.length);
  }
}

async function portsOf(brokers: number): Promise<Ports[]> {
  const free = await freePorts(brokers * LISTENERS.length);
  return Array.from({ length: brokers }, (_, index) => {
    const own = LISTENERS.map((name, place) => [name, free[index * LISTENERS.length + place]] as const);
    return Object.fromEntries(own) as Record<Listener, number>;
  });
}
