/**
 * A container engine that speaks the three requests of Docker Engine API 1.41 over a unix socket, shaped after answers of Docker 20.10 and 28.
 * What a test wants to be odd it puts in place of an answer.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { tempDir } from '../../../helpers/temp-dir.ts';

export interface FakeContainer {
  readonly id: string;
  name: string;
  readonly image?: string;
  readonly labels?: Record<string, string>;
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export class FakeEngine {
  readonly socketPath: string;
  readonly containers: FakeContainer[] = [];
  readonly requests: string[] = [];
  /** By kind of request: instead of the usual answer. */
  readonly instead = new Map<'list' | 'inspect' | 'events', Answer>();
  /** Look-ups under way now, and the most there ever were. */
  active = 0;
  mostActive = 0;
  readonly #streams = new Set<ServerResponse>();
  #server: Server | undefined;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  async listen(): Promise<void> {
    const server = createServer((request, response) => this.#serve(request, response));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.socketPath, resolve));
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  get listeners(): number {
    return this.#streams.size;
  }

  /** To all that hear events: a text as it is, or an event. */
  say(event: string | { action: string; id: string; attributes?: Record<string, string> }): void {
    const text = typeof event === 'string' ? event : `${JSON.stringify(eventOf(event))}\n`;
    for (const stream of this.#streams) stream.write(text);
  }

  endStreams(): void {
    for (const stream of this.#streams) stream.end();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(request.url ?? '');
    this.requests.push(path);
    if (path.startsWith('/events')) return this.#answer('events', { request, response }, () => this.#stream(response));
    if (path === '/containers/json') return this.#answer('list', { request, response }, () => json(response, this.containers.map(listed)));
    const id = /^\/containers\/([^/]+)\/json$/.exec(path)?.[1];
    const found = this.containers.find((container) => container.id === id);
    this.mostActive = Math.max(this.mostActive, ++this.active);
    response.on('close', () => this.active--);
    this.#answer('inspect', { request, response }, () => {
      if (found === undefined) json(response, { message: `No such container: ${id}` }, 404);
      else json(response, inspected(found));
    });
  }

  #answer(
    kind: 'list' | 'inspect' | 'events',
    { request, response }: { request: IncomingMessage; response: ServerResponse },
    usual: () => void,
  ): void {
    const instead = this.instead.get(kind);
    if (instead === undefined) usual();
    else instead(request, response);
  }

  #stream(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.flushHeaders();
    this.#streams.add(response);
    response.on('close', () => this.#streams.delete(response));
  }
}

export async function fakeEngine(): Promise<FakeEngine> {
  const engine = new FakeEngine(join(await tempDir(), 'engine.sock'));
  await engine.listen();
  onTestFinished(() => engine.stop());
  return engine;
}

export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

function listed({ id, name, image, labels }: FakeContainer): object {
  return {
    Id: id,
    Names: [`/other/alias-of-${name}`, `/${name}`],
    Image: image ?? 'nginx:1.27',
    ImageID: 'sha256:11',
    Command: '/docker-entrypoint.sh nginx',
    Created: 1_795_175_991,
    Ports: [],
    Labels: labels ?? {},
    State: 'running',
    Status: 'Up 2 minutes',
    HostConfig: { NetworkMode: 'bridge' },
    NetworkSettings: { Networks: {} },
    Mounts: [],
  };
}

function inspected({ id, name, image, labels }: FakeContainer): object {
  return {
    Id: id,
    Created: '2026-11-20T11:59:51.307847010Z',
    Path: '/docker-entrypoint.sh',
    Args: ['nginx'],
    State: { Status: 'running', Running: true, Pid: 4711 },
    Image: 'sha256:11',
    Name: `/${name}`,
    Config: { Hostname: id.slice(0, 12), Env: ['SECRET=1'], Image: image ?? 'nginx:1.27', Labels: labels ?? {} },
  };
}

function eventOf({ action, id, attributes }: { action: string; id: string; attributes?: Record<string, string> }): object {
  return {
    status: action,
    id,
    from: 'nginx:1.27',
    Type: 'container',
    Action: action,
    Actor: { ID: id, Attributes: { image: 'nginx:1.27', name: 'web', ...attributes } },
    scope: 'local',
    time: 1_795_175_991,
    timeNano: 1795175991307847e3,
  };
}
