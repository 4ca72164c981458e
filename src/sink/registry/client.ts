import { AgentError } from '../../core/errors.ts';
import { excerpt } from '../../core/text.ts';
import { MAX_SCHEMA_ID } from './config.ts';
import type { RegistryConfig } from './config.ts';
import { readCredentials } from './credentials.ts';
import type { ReadSecret } from './credentials.ts';
import { exchange } from '../http/exchange.ts';
import type { Request } from '../http/exchange.ts';
import { MAX_TEXT, understand } from './reply.ts';
import type { Reply } from './reply.ts';
import { readTls } from '../security/tls.ts';
import { connectionTrouble, nobodyAnswers, strange } from './trouble.ts';

const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json';

/** A schema, as text, under a subject. */
export interface SubjectSchema {
  readonly subject: string;
  readonly schema: string;
}

export interface Compatibility {
  readonly isCompatible: boolean;
  /** Why not, where the registry says it; may be empty. */
  readonly reasons: readonly string[];
}

interface Call extends Pick<Request, 'method' | 'body'> {
  /** Below the address of the registry. */
  readonly path: string;
}

const MAX_REASONS = 5;

/**
 * A schema registry that speaks Confluent's REST API. Every method throws REGISTRY_UNREACHABLE where no address answers, REGISTRY_REFUSED where one
 * does and will not do it, and rejects with the signal's reason when that is aborted. Credentials and certificates are read at each request.
 */
export class RegistryClient {
  readonly #config: RegistryConfig;
  readonly #readSecret: ReadSecret;
  /** Which address answered last. */
  #preferred = 0;

  constructor(config: RegistryConfig, readSecret: ReadSecret) {
    this.#config = config;
    this.#readSecret = readSecret;
  }

  /** Id of the schema under the subject; undefined: it is not registered there. */
  async lookup({ subject, schema }: SubjectSchema, signal: AbortSignal): Promise<number | undefined> {
    const body = JSON.stringify({ schema });
    const path = `/subjects/${encodeURIComponent(subject)}`;
    // Some compare texts, and then do not know a schema that was registered with other spaces in it; others find normalized schemas only where they
    // were registered as such.
    const found = (await this.#ask({ method: 'POST', path, body }, signal)) ?? (await this.#ask(normalized(path, body), signal));
    return found === undefined ? undefined : this.#idOf(found);
  }

  /** Id of the schema, registered under the subject if it was not. Throws SCHEMA_INCOMPATIBLE. */
  async register({ subject, schema }: SubjectSchema, signal: AbortSignal): Promise<number> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`;
    return this.#idOf(await this.#ask(normalized(path, JSON.stringify({ schema })), signal));
  }

  /** The schema of an id, as text; undefined: there is none. */
  async schemaById(id: number, signal: AbortSignal): Promise<string | undefined> {
    const found = await this.#ask({ method: 'GET', path: `/schemas/ids/${id}` }, signal);
    if (found === undefined) return undefined;
    const { schema } = found.json;
    return typeof schema === 'string' ? schema : this.#strange('answers without a schema');
  }

  /** Whether the schema may follow the newest one of the subject; undefined: there is none. */
  async compatibility({ subject, schema }: SubjectSchema, signal: AbortSignal): Promise<Compatibility | undefined> {
    const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions/latest?verbose=true`;
    const found = await this.#ask({ method: 'POST', path, body: JSON.stringify({ schema }) }, signal);
    if (found === undefined) return undefined;
    const { is_compatible: isCompatible, messages } = found.json;
    if (typeof isCompatible !== 'boolean') return this.#strange('answers without is_compatible');
    const reasons = Array.isArray(messages) ? messages.filter((reason) => typeof reason === 'string') : [];
    return { isCompatible, reasons: reasons.slice(0, MAX_REASONS).map((reason) => excerpt(found.mask(reason), MAX_TEXT)) };
  }

  /** BACKWARD, FULL, NONE …: what holds for the subject; undefined: the registry does not say. */
  async compatibilityLevel(subject: string, signal: AbortSignal): Promise<string | undefined> {
    const path = `/config/${encodeURIComponent(subject)}?defaultToGlobal=true`;
    const found = (await this.#ask({ method: 'GET', path }, signal)) ?? (await this.#ask({ method: 'GET', path: '/config' }, signal));
    // The first is the API's name in answers, the second the one in requests; both occur.
    const { compatibilityLevel, compatibility } = found?.json ?? {};
    const level = compatibilityLevel ?? compatibility;
    return typeof level === 'string' ? excerpt(level, 40) : undefined;
  }

  /** Asks one address after the other, the one that answered last first, until one answers. */
  async #ask(call: Call, signal: AbortSignal): Promise<Reply | undefined> {
    const { urls } = this.#config;
    const failures: AgentError[] = [];
    for (let attempt = 0; attempt < urls.length; attempt++) {
      const index = (this.#preferred + attempt) % urls.length;
      try {
        const found = await this.#askOne(urls[index] as string, call, signal);
        this.#preferred = index;
        return found;
      } catch (error) {
        if (!(error instanceof AgentError) || error.code !== 'REGISTRY_UNREACHABLE') throw error;
        failures.push(error);
      }
    }
    throw nobodyAnswers(failures);
  }

  async #askOne(base: string, { method, path, body }: Call, signal: AbortSignal): Promise<Reply | undefined> {
    const { auth, tls, timeoutMs } = this.#config;
    const { authorization, mask } = readCredentials(auth, this.#readSecret);
    const headers = authorization === undefined ? undefined : { Authorization: authorization };
    const request: Request = {
      method,
      url: new URL(`${base}${path}`),
      headers: headers ?? {},
      tls: readTls(tls, { section: 'registry.tls', code: 'REGISTRY_REFUSED' }),
      ...(body === undefined ? {} : { body }),
      mediaType: MEDIA_TYPE,
    };
    const timeout = AbortSignal.timeout(timeoutMs);
    const answer = await exchange(request, AbortSignal.any([signal, timeout])).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw connectionTrouble({ base, timeoutMs }, cause, timeout.aborted);
    });
    return understand({ ...answer, base, identified: authorization !== undefined, mask });
  }

  #idOf(found: Reply | undefined): number {
    const id = found?.json['id'];
    const isId = typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= MAX_SCHEMA_ID;
    return isId ? id : this.#strange('answers without an id that fits into a record');
  }

  #strange(what: string): never {
    throw strange(this.#config.urls[this.#preferred] as string, what);
  }
}

function normalized(path: string, body: string): Call {
  return { method: 'POST', path: `${path}?normalize=true`, body };
}
