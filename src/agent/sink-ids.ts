import { createHash, randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentError } from '../core/errors.ts';
import type { Uuid } from '../core/event.ts';
import { isUuidText, uuidBytes, uuidText } from '../core/uuid.ts';
import { SINK_ID } from '../queue/spool/spool-folder.ts';
import { spoolRoot } from './lane-queue.ts';
import { readRegular } from './run-record.ts';

/** Identities of sinks, by their names. */
export type SinkIds = ReadonlyMap<string, Uuid>;

/**
 * The ids that the sinks of `names` have on this data directory, from `state/sinks.json`: `{ "version": 1, "sinks": { NAME: UUID text } }`. A sink
 * gets its id when it is first seen and keeps it, also while it is not configured. Where the file is lost, the spool of a sink still knows it: what
 * waits there names it. Written while the lock is held. What is wrong with the file is told and costs no more than that readers take the other sinks
 * for new ones.
 */
export function keptSinkIds(dataDir: string, names: readonly string[], onTrouble: (reason: string) => void): SinkIds {
  const path = join(dataDir, 'state', 'sinks.json');
  const ids = readIds(path, onTrouble);
  const before = ids.size;
  for (const name of names) if (!ids.has(name)) ids.set(name, spooledId(dataDir, name, onTrouble) ?? uuidBytes(randomUUID()));
  if (ids.size > before) writeIds(path, ids, onTrouble);
  return ids;
}

/** Ids for sinks of a host that is not this machine: UUIDv8 of SHA-256(host id ‖ name), so that the same recording makes the same files. */
export function derivedSinkIds(hostId: Uuid, names: readonly string[]): SinkIds {
  return new Map(names.map((name) => [name, derived(hostId, name)]));
}

export function sinkIdOf(ids: SinkIds, name: string): Uuid {
  const id = ids.get(name);
  if (id === undefined) throw new AgentError('BUG', `the sink ${name} has no id`);
  return id;
}

function derived(hostId: Uuid, name: string): Uuid {
  const id = createHash('sha256').update(hostId).update(name).digest().subarray(0, 16);
  id[6] = ((id[6] as number) & 0x0f) | 0x80;
  id[8] = ((id[8] as number) & 0x3f) | 0x80;
  return id;
}

function readIds(path: string, onTrouble: (reason: string) => void): Map<string, Uuid> {
  const ids = new Map<string, Uuid>();
  try {
    const { version, sinks } = JSON.parse(readRegular(path)) as { version?: unknown; sinks?: unknown };
    if (version !== 1 || typeof sinks !== 'object' || sinks === null) throw new Error('it is not of version 1');
    for (const [name, id] of Object.entries(sinks as Readonly<Record<string, unknown>>)) {
      if (isUuidText(id)) ids.set(name, uuidBytes(id));
      else onTrouble(`${JSON.stringify(name)} has no UUID`);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onTrouble(reasonOf(error));
  }
  return ids;
}

/** What the spool of the sink says, where it has one. */
function spooledId(dataDir: string, name: string, onTrouble: (reason: string) => void): Uuid | undefined {
  try {
    const text = readRegular(join(spoolRoot(dataDir), name, SINK_ID)).trimEnd();
    return isUuidText(text) ? uuidBytes(text) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onTrouble(reasonOf(error));
    return undefined;
  }
}

function writeIds(path: string, ids: SinkIds, onTrouble: (reason: string) => void): void {
  const sinks = Object.fromEntries([...ids].map(([name, id]) => [name, uuidText(id)]));
  try {
    const file = openSync(`${path}.next`, 'w', 0o600);
    try {
      writeFileSync(file, `${JSON.stringify({ version: 1, sinks }, undefined, 2)}\n`);
      // Without it a power cut may leave an empty file.
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(`${path}.next`, path);
  } catch (error) {
    onTrouble(reasonOf(error));
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
