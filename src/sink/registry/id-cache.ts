/**
 * Ids of schemas on the disk, so that the agent starts while its registry is down. One file for each registry:
 *
 *     <folder>/<first 16 hexadecimal digits of SHA-256(address)>.json
 *     { "version": 1, "url": "http://registry:8081", "ids": [{ "subject": TEXT, "schema": SHA-256 of the schema's text in hex, "id": NUMBER }] }
 *
 * oldest first. What is wrong with it is told and costs no more than asking again.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { errnoName } from '../../core/system-error.ts';
import { MAX_SCHEMA_ID } from './config.ts';
import { readOwn, replaceFile } from './own-file.ts';

export interface CachedId {
  readonly subject: string;
  readonly schema: string;
  readonly id: number;
}

export interface CacheTrouble {
  readonly action: 'read' | 'write';
  readonly path: string;
  readonly reason: string;
}

export interface IdCacheOptions {
  /** Its parent folder exists. */
  readonly folder: string;
  /** Address of the registry, the first of several. */
  readonly url: string;
  readonly onTrouble: (trouble: CacheTrouble) => void;
}

const VERSION = 1;
/** Topics may be made from a template. */
const MAX_IDS = 4096;
const MAX_BYTES = 4 * 1024 * 1024;

export class IdCache {
  readonly path: string;
  readonly #options: IdCacheOptions;
  #ids: Map<string, CachedId>;

  /** Reads the file. */
  constructor(options: IdCacheOptions) {
    this.#options = options;
    this.path = join(options.folder, `${createHash('sha256').update(options.url).digest('hex').slice(0, 16)}.json`);
    this.#ids = this.#read();
  }

  id(subject: string, schema: string): number | undefined {
    return this.#ids.get(keyOf(subject, schema))?.id;
  }

  set(entry: CachedId): void {
    this.#change((ids) => {
      const key = keyOf(entry.subject, entry.schema);
      ids.delete(key);
      ids.set(key, entry);
    });
  }

  forget(subject: string, schema: string): void {
    this.#change((ids) => ids.delete(keyOf(subject, schema)));
  }

  /** Another sink may use the same registry: what it has written since stays. */
  #change(change: (ids: Map<string, CachedId>) => void): void {
    const ids = new Map([...this.#read(), ...this.#ids]);
    change(ids);
    for (const key of ids.keys()) {
      if (ids.size <= MAX_IDS) break;
      ids.delete(key);
    }
    this.#ids = ids;
    this.#write();
  }

  #read(): Map<string, CachedId> {
    try {
      const { version, ids } = JSON.parse(readOwn(this.path, MAX_BYTES)) as { version?: unknown; ids?: unknown };
      if (version !== VERSION || !Array.isArray(ids) || !ids.every(isCachedId)) throw new Error(`it is not of version ${VERSION}`);
      return new Map(ids.map((entry) => [keyOf(entry.subject, entry.schema), entry]));
    } catch (error) {
      if (errnoName(error) !== 'ENOENT') this.#tell('read', error);
      return new Map();
    }
  }

  #write(): void {
    const { folder, url } = this.#options;
    const text = `${JSON.stringify({ version: VERSION, url, ids: [...this.#ids.values()] }, undefined, 2)}\n`;
    try {
      replaceFile(folder, this.path, text);
    } catch (error) {
      this.#tell('write', error);
    }
  }

  #tell(action: CacheTrouble['action'], error: unknown): void {
    const reason = errnoName(error) ?? (error instanceof Error ? error.message : String(error));
    this.#options.onTrouble({ action, path: this.path, reason });
  }
}

function isCachedId(entry: unknown): entry is CachedId {
  if (typeof entry !== 'object' || entry === null) return false;
  const { subject, schema, id } = entry as Readonly<Record<string, unknown>>;
  const isId = typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= MAX_SCHEMA_ID;
  return isId && typeof subject === 'string' && typeof schema === 'string';
}

const keyOf = (subject: string, schema: string): string => `${schema} ${subject}`;
