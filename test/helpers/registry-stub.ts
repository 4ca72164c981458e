import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

export interface StubRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

export interface StubAnswer {
  readonly status: number;
  /** JSON, or text as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface StubOptions {
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer; readonly ca?: Buffer };
  /** The only value of `Authorization` that is let in. */
  readonly authorization?: string;
  /** Compares schemas by their text unless it is told to normalize, as Apicurio does. */
  readonly exactText?: boolean;
}

interface Field {
  readonly name: string;
  readonly type: unknown;
  readonly default?: unknown;
}

/** A schema registry in this process: the Confluent REST API as far as forkcast uses it, with its error codes, on a real socket of the loopback. */
export class RegistryStub {
  url = '';
  readonly requests: StubRequest[] = [];
  /** BACKWARD is Confluent's default. */
  level = 'BACKWARD';
  /** Asked first; undefined: as usual; `never`: no answer at all. */
  answer: (request: StubRequest) => StubAnswer | 'never' | undefined = () => undefined;
  readonly #options: StubOptions;
  readonly #subjects = new Map<string, number[]>();
  readonly #schemas: string[] = [];

  constructor(options: StubOptions = {}) {
    this.#options = options;
  }

  /** Listens until the running test ends. */
  static async start(options: StubOptions = {}): Promise<RegistryStub> {
    const stub = new RegistryStub(options);
    const listener: RequestListener = (request, response) => {
      stub.#serve(request, response).catch((error: unknown) => response.destroy(error as Error));
    };
    const { tls } = options;
    const mutual = tls?.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: true };
    const server = tls === undefined ? createServer(listener) : createTlsServer({ ...tls, ...mutual }, listener);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    stub.url = `http${tls === undefined ? '' : 's'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
    onTestFinished(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    return stub;
  }

  /** As if somebody else had registered it; returns its id. */
  add(subject: string, schema: string): number {
    let id = this.#schemas.findIndex((known) => canonical(known) === canonical(schema)) + 1;
    if (id === 0) id = this.#schemas.push(schema);
    const versions = this.#subjects.get(subject) ?? [];
    if (!versions.includes(id)) this.#subjects.set(subject, [...versions, id]);
    return id;
  }

  /** Another registry under the same address; its ids begin after `ids`. */
  wipe(ids = 0): void {
    this.#subjects.clear();
    this.#schemas.splice(
      0,
      Infinity,
      ...Array.from({ length: ids }, (_, index) => JSON.stringify({ type: 'fixed', size: 1, name: `x${index}` })),
    );
  }

  versions(subject: string): readonly number[] {
    return this.#subjects.get(subject) ?? [];
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request;
    const asked = { method, path, authorization: headers.authorization, body: await text(request) };
    this.requests.push(asked);
    const answer = this.answer(asked) ?? this.#usual(asked);
    if (answer === 'never') return;
    response.writeHead(answer.status, { 'Content-Type': 'application/vnd.schemaregistry.v1+json', ...answer.headers });
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
  }

  #usual({ method, path, authorization, body }: StubRequest): StubAnswer {
    if (this.#options.authorization !== undefined && authorization !== this.#options.authorization)
      return refused(401, 401, 'Unauthorized');
    const { pathname, searchParams } = new URL(path, 'http://stub');
    const [root = '', ...parts] = pathname.slice(1).split('/').map(decodeURIComponent);
    const route = `${method} ${root}`;
    const schema = method === 'POST' ? (JSON.parse(body) as { schema: string }).schema : '';
    if (method === 'POST' && canonical(schema) === undefined)
      return refused(422, 42201, 'Either the input schema or one its references is invalid');
    if (route === 'POST subjects')
      return parts[1] === 'versions' ? this.#register(parts[0] ?? '', schema) : this.#lookup(parts[0] ?? '', schema, searchParams);
    if (route === 'POST compatibility') return this.#compatibility(parts[1] ?? '', schema);
    if (route === 'GET schemas') return this.#schema(Number(parts[1]));
    if (route === 'GET config') return this.#config(parts[0], searchParams);
    return { status: 404, body: '<html>Not Found</html>' };
  }

  #lookup(subject: string, schema: string, query: URLSearchParams): StubAnswer {
    const ids = this.#subjects.get(subject);
    if (ids === undefined) return refused(404, 40401, `Subject '${subject}' not found.`);
    const exact = this.#options.exactText === true && query.get('normalize') !== 'true';
    const id = ids.find((known) => {
      const text = this.#schemas[known - 1] as string;
      return exact ? text === schema : canonical(text) === canonical(schema);
    });
    if (id === undefined) return refused(404, 40403, 'Schema not found');
    return { status: 200, body: { subject, id, version: ids.indexOf(id) + 1, schema } };
  }

  #register(subject: string, schema: string): StubAnswer {
    const faults = this.#faults(subject, schema) ?? [];
    if (faults.length > 0)
      return refused(
        409,
        409,
        `Schema being registered is incompatible with an earlier schema for subject "${subject}", details: ${faults[0]}`,
      );
    return { status: 200, body: { id: this.add(subject, schema) } };
  }

  #compatibility(subject: string, schema: string): StubAnswer {
    const faults = this.#faults(subject, schema);
    if (faults === undefined) return refused(404, 40401, `Subject '${subject}' not found.`);
    return { status: 200, body: { is_compatible: faults.length === 0, messages: faults } };
  }

  /** BACKWARD as far as fields of the record itself go; undefined: the subject has no schema. */
  #faults(subject: string, schema: string): string[] | undefined {
    const newest = this.#subjects.get(subject)?.at(-1);
    if (newest === undefined) return undefined;
    if (this.level === 'NONE') return [];
    const before = fieldsOf(this.#schemas[newest - 1] as string);
    return fieldsOf(schema).flatMap(({ name, type, default: preset }) => {
      const old = before.find((field) => field.name === name);
      if (old === undefined) return preset === undefined ? [`READER_FIELD_MISSING_DEFAULT_VALUE: ${name}`] : [];
      return JSON.stringify(old.type) === JSON.stringify(type) ? [] : [`TYPE_MISMATCH: ${name}`];
    });
  }

  #schema(id: number): StubAnswer {
    const schema = this.#schemas[id - 1];
    return schema === undefined ? refused(404, 40403, `Schema ${id} not found`) : { status: 200, body: { schema } };
  }

  #config(subject: string | undefined, query: URLSearchParams): StubAnswer {
    if (subject !== undefined && query.get('defaultToGlobal') !== 'true')
      return refused(404, 40408, `Subject '${subject}' does not have subject-level compatibility configured`);
    return { status: 200, body: { compatibilityLevel: this.level } };
  }
}

function refused(status: number, code: number, message: string): StubAnswer {
  return { status, body: { error_code: code, message } };
}

function canonical(schema: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(schema));
  } catch {
    // No schema then.
    return undefined;
  }
}

function fieldsOf(schema: string): readonly Field[] {
  return (JSON.parse(schema) as { fields?: readonly Field[] }).fields ?? [];
}
