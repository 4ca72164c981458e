import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KafkaFiles } from './jars.ts';

/** Makes the data folder of a broker that has never run, as Kafka's StorageTool does with a JVM of its own for each. */
export async function formatStorage(folder: string, { id, files }: { id: number; files: KafkaFiles }): Promise<void> {
  await mkdir(folder);
  await copyFile(files.bootstrapCheckpoint, join(folder, 'bootstrap.checkpoint'));
  await writeFile(join(folder, 'meta.properties'), metaProperties(id));
}

/** All clusters may have one id: they never meet. */
function metaProperties(id: number): string {
  return `version=1\ncluster.id=Zm9ya2Nhc3QtdGVzdC0tMQ\nnode.id=${id}\ndirectory.id=${randomBytes(16).toString('base64url')}\n`;
}
