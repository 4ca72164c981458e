/**
 * One request over HTTP/1.1 and its answer, to a schema registry or to whoever gives tokens. What answers is believed nothing: time and size are bounded. Redirects are not
 * followed, since they would carry credentials elsewhere, and proxies of the environment are not asked. Each has a connection of its own: there
 * are few, and so renewed certificates count at once.
 */
import type { IncomingMessage, RequestOptions } from 'node:http';
import type { RequestOptions as TlsRequestOptions } from 'node:https';
import type { TlsMaterial } from '../security/tls.ts';

export interface Request {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Of the body, and of the answer that is asked for; JSON is taken, too. */
  readonly mediaType: string;
  readonly tls: TlsMaterial;
}

export interface Answer {
  readonly status: number;
  /** Where a redirect leads. */
  readonly location: string | undefined;
  readonly body: string;
}

/** A schema with all its documentation is tens of KiB. */
const MAX_BYTES = 4 * 1024 * 1024;

/** An answer that is too large. */
export class Oversize extends Error {
  override readonly name = 'Oversize';
  constructor() {
    super(`more than ${MAX_BYTES} bytes`);
  }
}

/** Rejects with the system's error, with `Oversize`, or where `signal` is aborted. */
export async function exchange(request: Request, signal: AbortSignal): Promise<Answer> {
  const response = await send(request, signal);
  const body = await bodyOf(response);
  return { status: response.statusCode ?? 0, location: response.headers.location, body };
}

function send({ method, url, headers, body, mediaType, tls }: Request, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const about = body === undefined ? {} : { 'Content-Type': mediaType, 'Content-Length': String(Buffer.byteLength(body)) };
    const options = { method, agent: false, signal, headers: { Accept: `${mediaType}, application/json`, ...about, ...headers } } as const;
    const sent = start(url, { ...options, ...tls }, resolve);
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Loaded when they are needed: an agent without a registry needs neither. */
function start(url: URL, options: RequestOptions & TlsRequestOptions, onAnswer: (response: IncomingMessage) => void) {
  return url.protocol === 'https:'
    ? process.getBuiltinModule('node:https').request(url, options, onAnswer)
    : process.getBuiltinModule('node:http').request(url, options, onAnswer);
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop early ends the connection.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Oversize();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
