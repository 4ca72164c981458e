import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { freePorts } from '../free-ports.ts';
import { attempt, tail } from '../run-command.ts';
import { waitFor } from '../wait-for.ts';
import { Wire } from './wire.ts';

const UP_TIMEOUT_MS = 90_000;
const running = new Set<string>();

/** For tests that do not come to their end; Docker would keep the container for ever. */
function removeAll(): void {
  for (const name of running) spawnSync('docker', ['rm', '--force', name]);
}

/** A broker in a container, by the command `docker`. It is gone with its data when it is closed. */
export class DockerBroker {
  readonly bootstrap: string;
  readonly #name: string;

  private constructor(bootstrap: string, name: string) {
    this.bootstrap = bootstrap;
    this.#name = name;
  }

  /** Rejects where the image is not there. */
  static async start(image: string): Promise<DockerBroker> {
    const [port = 0] = await freePorts(1);
    const broker = new DockerBroker(`127.0.0.1:${port}`, `forkcast-test-kafka-${process.pid}-${randomUUID().slice(0, 8)}`);
    if (!process.listeners('exit').includes(removeAll)) process.once('exit', removeAll);
    running.add(broker.#name);
    try {
      await docker(runArguments(image, broker.#name, port));
      await broker.#answering();
      return broker;
    } catch (error) {
      const { stdout = '', stderr = '' } = (await attempt('docker', ['logs', broker.#name])) ?? {};
      await broker.close();
      throw new Error(`${(error as Error).message}\n${tail(stdout + stderr)}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    await docker(['rm', '--force', this.#name]);
    running.delete(this.#name);
  }

  async #answering(): Promise<void> {
    const wire = new Wire(this.bootstrap);
    const isUp = async (): Promise<boolean> => (await wire.metadata([])).brokers.length === 1;
    try {
      await waitFor(isUp, { what: `the broker in ${this.#name} to be up`, timeoutMs: UP_TIMEOUT_MS, everyMs: 200 });
    } finally {
      await wire.close();
    }
  }
}

/** The image makes a property of each variable: in lower case, without KAFKA, with dots. */
const SETTINGS = {
  KAFKA_NODE_ID: '1',
  KAFKA_PROCESS_ROLES: 'broker,controller',
  KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
  KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
  KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
  KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  KAFKA_INTER_BROKER_LISTENER_NAME: 'PLAINTEXT',
  KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
  KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
  KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
  KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
  KAFKA_HEAP_OPTS: '-Xms128m -Xmx256m',
} as const;

function runArguments(image: string, name: string, port: number): string[] {
  const settings = { ...SETTINGS, KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}` };
  const variables = Object.entries(settings).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  return ['run', '--detach', '--rm', '--pull', 'never', '--name', name, '--publish', `127.0.0.1:${port}:9092`, ...variables, image];
}

async function docker(args: readonly string[]): Promise<void> {
  const result = await attempt('docker', args);
  if (result?.code !== 0)
    throw new Error(`docker ${args[0] ?? ''} failed: ${result === undefined ? 'no docker in PATH' : tail(result.stderr)}`);
}
