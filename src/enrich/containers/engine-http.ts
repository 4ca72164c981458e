/**
 * HTTP/1.1 GET over a unix socket. What answers is believed nothing: time and size are bounded, and what exceeds them is trouble, not memory.
 * Paths carry no API version, which both Docker and podman take for their newest; the few fields used have been the same since 1.24.
 */
import type { IncomingMessage } from 'node:http';
import type { AgentError } from '../../core/errors.ts';
import { connectionTrouble, engineTrouble, type Trouble } from './engine-trouble.ts';

export interface GetLimits {
  /** For the whole answer. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

// An import would load all that http exports, an HTTP/2 and a fetch client among it: 3 MB that nobody uses.
const { Agent, request } = process.getBuiltinModule('node:http');

const OK = 200;
const NOT_FOUND = 404;
/** Requests at once besides the event stream. */
export const MAX_REQUESTS = 4;

export class EngineHttp {
  readonly socketPath: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_REQUESTS + 1, maxFreeSockets: 1 });
  readonly #closing = new AbortController();

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  /** The parsed JSON of the answer; undefined for 404. Throws CONTAINER_ENGINE. */
  async getJson(path: string, { timeoutMs, maxBytes }: GetLimits): Promise<unknown> {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await this.#send(path, AbortSignal.any([timeout, this.#closing.signal]));
      const text = await this.#body(response, maxBytes);
      if (response.statusCode === NOT_FOUND) return undefined;
      this.#expectOk(response);
      return this.#parse(text);
    } catch (error) {
      throw this.#trouble(error, timeout);
    }
  }

  /** The body of an answer that goes on for ever, as soon as it begins. It and its chunks throw CONTAINER_ENGINE. */
  async getStream(path: string, timeoutMs: number): Promise<AsyncIterable<Buffer>> {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    try {
      const response = await this.#send(path, AbortSignal.any([timeout.signal, this.#closing.signal]));
      this.#expectOk(response);
      return this.#chunks(response);
    } catch (error) {
      throw this.#trouble(error, timeout.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Breaks off whatever is under way. */
  close(): void {
    this.#closing.abort();
    this.#agent.destroy();
  }

  async *#chunks(response: IncomingMessage): AsyncGenerator<Buffer> {
    try {
      yield* response as AsyncIterable<Buffer>;
    } catch (error) {
      throw connectionTrouble(this.socketPath, error);
    }
  }

  #send(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = request({ socketPath: this.socketPath, agent: this.#agent, path, signal, headers: { Host: 'docker' } }, resolve);
      sent.on('error', reject);
      sent.end();
    });
  }

  async #body(response: IncomingMessage, maxBytes: number): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw this.#say('oversize', `answered with more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  #expectOk(response: IncomingMessage): void {
    if (response.statusCode === OK) return;
    response.destroy();
    throw this.#say('status', `answered with status ${response.statusCode ?? 'none'} ${response.statusMessage ?? ''}`.trim());
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw this.#say('malformed', `answered with what is no JSON: ${(cause as Error).message}`, cause);
    }
  }

  #trouble(error: unknown, timeout: AbortSignal): AgentError {
    return timeout.aborted ? this.#say('timeout', 'does not answer in time', error) : connectionTrouble(this.socketPath, error);
  }

  #say(reason: Trouble['reason'], detail: string, cause?: unknown): AgentError {
    return engineTrouble({ reason, socketPath: this.socketPath, detail }, cause);
  }
}
