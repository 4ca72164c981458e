import { abortable } from '../../core/abortable.ts';
import { AgentError } from '../../core/errors.ts';
import { SingleFlight } from '../../core/single-flight.ts';
import { escapeText } from '../../core/text.ts';
import { unregistered } from './check-subject.ts';
import type { RegistryClient } from './client.ts';
import type { RegistryConfig } from './config.ts';
import { IdCache } from './id-cache.ts';
import type { CacheTrouble } from './id-cache.ts';
import { SchemaKeys } from './schema-key.ts';
import type { SchemaKey, WantedSchema } from './schema-key.ts';

export interface RegistryLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface SchemaIdsOptions {
  readonly config: Pick<RegistryConfig, 'urls' | 'autoRegister' | 'subjectStrategy' | 'pinned'>;
  readonly client: Pick<RegistryClient, 'lookup' | 'register'>;
  /** `<data_dir>/state/registry`; made where it is missing. */
  readonly folder: string;
  readonly log: RegistryLog;
  /** Milliseconds; replaced in tests. */
  readonly now?: () => number;
}

/** How soon a registry that could not confirm an id is asked again, milliseconds. */
const CONFIRM_AGAIN_MS = 60_000;
const TROUBLES: Readonly<Record<CacheTrouble['action'], string>> = {
  read: 'the ids of schemas that were kept on the disk cannot be read; the registry is asked for them again',
  write: 'the ids of schemas cannot be kept on the disk; the next start will need the registry',
};

/**
 * Ids of schemas: as pinned; else as kept on the disk, and then confirmed in the background once a run; else as the registry says. What the registry
 * says counts: another id replaces the one that was kept, and a schema that it no longer knows has none.
 */
export class SchemaIds {
  readonly #options: Required<SchemaIdsOptions>;
  readonly #cache: IdCache | undefined;
  readonly #keys: SchemaKeys;
  readonly #flights = new SingleFlight<number>();
  readonly #confirmed = new Set<string>();
  readonly #closing = new AbortController();
  #confirmAfter = -Infinity;
  #told = false;

  /** Reads what is kept. */
  constructor(options: SchemaIdsOptions) {
    this.#options = { now: () => performance.now(), ...options };
    const { folder, log, config } = this.#options;
    this.#keys = new SchemaKeys(config.subjectStrategy);
    const [url] = config.urls;
    const onTrouble = ({ action, ...where }: CacheTrouble): void => log.warn(where, TROUBLES[action]);
    this.#cache = url === undefined ? undefined : new IdCache({ folder, url, onTrouble });
  }

  /** The id if it is known without waiting; begins to confirm it where that is due. Cheap enough for each batch. */
  known(wanted: WantedSchema): number | undefined {
    const pinned = this.#options.config.pinned[wanted.stream];
    if (pinned !== null) return pinned;
    const key = this.#keys.of(wanted);
    const id = this.#cache?.id(key.subject, key.schema);
    if (id !== undefined) this.#confirm(key, wanted);
    return id;
  }

  /**
   * The id; one question at a time for each schema, however many ask. Throws REGISTRY_UNREACHABLE, REGISTRY_REFUSED, SCHEMA_UNREGISTERED,
   * SCHEMA_INCOMPATIBLE; rejects with the signal's reason when that is aborted.
   */
  async idOf(wanted: WantedSchema, signal: AbortSignal): Promise<number> {
    return this.known(wanted) ?? abortable(this.#flight(this.#keys.of(wanted), wanted), signal);
  }

  /** Ends what is under way. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#flights.settled();
  }

  #confirm(key: SchemaKey, wanted: WantedSchema): void {
    const { name } = key;
    if (this.#closing.signal.aborted || this.#confirmed.has(name) || this.#flights.has(name) || this.#options.now() < this.#confirmAfter)
      return;
    this.#flight(key, wanted).catch((error: unknown) => {
      if (!this.#closing.signal.aborted) this.#doubt(key, error);
    });
  }

  #doubt({ subject, schema }: SchemaKey, error: unknown): void {
    const { now, log } = this.#options;
    if (error instanceof AgentError && (error.code === 'SCHEMA_UNREGISTERED' || error.code === 'SCHEMA_INCOMPATIBLE')) {
      // Another schema may get the id next.
      this.#cache?.forget(subject, schema);
      return log.warn({ err: error, subject }, 'the registry has changed: it does not know a schema any more, so its id is used no longer');
    }
    this.#confirmAfter = now() + CONFIRM_AGAIN_MS;
    if (!this.#told)
      log.warn({ err: error, subject }, 'the ids of schemas cannot be confirmed; they are used as they were kept on the disk');
    this.#told = true;
  }

  #flight(key: SchemaKey, wanted: WantedSchema): Promise<number> {
    return this.#flights.join(key.name, () => this.#ask(key, wanted));
  }

  async #ask(key: SchemaKey, { fullName, text }: WantedSchema): Promise<number> {
    const { client, config, log } = this.#options;
    const { subject } = key;
    const { signal } = this.#closing;
    let id = await client.lookup({ subject, schema: text }, signal);
    if (id === undefined) {
      if (!config.autoRegister) throw unregistered(subject, fullName);
      id = await client.register({ subject, schema: text }, signal);
      log.info({ subject, id, schema: fullName }, 'registered a schema');
    }
    this.#keep(key, id);
    return id;
  }

  #keep({ name, subject, schema }: SchemaKey, id: number): void {
    const before = this.#cache?.id(subject, schema);
    this.#confirmed.add(name);
    if (before === id) return;
    if (before !== undefined)
      this.#options.log.warn(
        { subject, id, before },
        `the registry has changed: the schema of ${escapeText(subject)} has the id ${id}, it was ${before}; records from now on carry ${id}`,
      );
    this.#cache?.set({ subject, schema, id });
  }
}
