import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedFolder } from '../cache.ts';
import { runCommand, tail } from '../run-command.ts';
import { maven } from './java.ts';
import { AGENT, ADMIN } from './users.ts';

/** As in pom.xml. */
export const KAFKA_VERSION = '4.3.1';

export interface KafkaFiles {
  /** Class path of brokers and tools. */
  readonly classPath: string;
  /** First records of a cluster's metadata: its features and the users of SCRAM. The same for every broker of every cluster. */
  readonly bootstrapCheckpoint: string;
}

const CHECKPOINT = 'bootstrap.checkpoint';

const PROPERTIES = (logs: string): string => `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:9093
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093
log.dirs=${logs}
`;

/**
 * Apache Kafka from Maven Central, kept in the cache. Formatting a broker's storage takes as long as starting it, so it is done once, here: what
 * makes brokers differ are a few lines of meta.properties.
 */
export async function kafkaFiles(): Promise<KafkaFiles> {
  const folder = await cachedFolder(`kafka-${KAFKA_VERSION}`, async (unfinished) => {
    const libs = join(unfinished, 'libs');
    await maven(import.meta.dirname, ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${libs}`]);
    await format(join(libs, '*'), unfinished);
  });
  return { classPath: join(folder, 'libs/*'), bootstrapCheckpoint: join(folder, CHECKPOINT) };
}

async function format(classPath: string, folder: string): Promise<void> {
  const [logs, properties] = [join(folder, 'data'), join(folder, 'server.properties')];
  await mkdir(logs);
  await writeFile(properties, PROPERTIES(logs));
  const users = [AGENT, ADMIN].flatMap(({ username, password }) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => ['-S', `${mechanism}=[name=${username},password=${password}]`]),
  );
  const args = ['kafka.tools.StorageTool', 'format', '-t', 'AAAAAAAAAAAAAAAAAAAAAQ', '-c', properties, ...users];
  const { code, stdout, stderr } = await runCommand('java', ['-Xmx128m', '-XX:+UseSerialGC', '-cp', classPath, ...args]);
  if (code !== 0) throw new Error(`StorageTool ended with ${code}: ${tail(stdout + stderr)}`);
  await rename(join(logs, CHECKPOINT), join(folder, CHECKPOINT));
  await rm(logs, { recursive: true });
}
