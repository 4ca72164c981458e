import { createInbox } from '@nats-io/transport-node';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { AgentError } from '../../core/errors.ts';
import { escapeText } from '../../core/text.ts';
import { MessageHeaders } from './message-headers.ts';

/** A message as a stream has it. */
export interface StoredMessage {
  /** Its number in the stream. */
  readonly sequence: number;
  readonly subject: string;
  readonly headers: MessageHeaders;
  readonly content: Buffer;
  /** How many the server says are behind it. */
  readonly pending: number;
}

export interface PulledParts {
  readonly connection: NatsConnection;
  readonly inboxPrefix: string;
  readonly stream: string;
  readonly consumer: string;
  /** What ended it. */
  readonly explain: (error: unknown) => AgentError;
}

/** What the server has been asked to send and has not sent yet: so much is in memory at most, twice. */
const PULL_MESSAGES = 2000;
const PULL_BYTES = 2 * 2 ** 20;
/** One is under way while the other is worked on. */
const PULLS = 2;
const NS_PER_MS = 1_000_000;
const EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 1000;
/** Of a server that says nothing, no heartbeat either. Work on what has come may take some of it. */
const SILENT_MS = 15_000;

const HEARTBEAT = 100;
/** A request for messages is over without them: its time, its number, or its bytes are used up. */
const OVER = new Set([404, 408]);
const TOO_LARGE = /exceeds maxbytes/i;
const CONFLICT = 409;

interface Pull {
  readonly subscription: Subscription;
  left: number;
  isEmpty: boolean;
}

/**
 * Messages of a consumer that wants no acknowledgements, asked for in pieces ahead of whoever reads them. They come as they stand in the stream, and none is left
 * out unnoticed: the server numbers what it sends.
 */
export class PulledMessages {
  readonly #parts: PulledParts;
  readonly #inbox: string;
  /** By their numbers. */
  readonly #pulls = new Map<number, Pull>();
  readonly #watchdog: NodeJS.Timeout;
  #come: StoredMessage[] = [];
  #lastDelivery = 0;
  #lastPull = 0;
  #bytes = PULL_BYTES;
  #heardMs = performance.now();
  #isIdle = false;
  #fault: AgentError | undefined;
  #wake: () => void = () => undefined;

  constructor(parts: PulledParts) {
    this.#parts = parts;
    const { connection, inboxPrefix } = parts;
    this.#inbox = `${createInbox(inboxPrefix)}.`;
    const failed = (error: unknown): void => this.#fail(parts.explain(error));
    connection.closed().then((error) => failed(error instanceof Error ? error : unreachable('the connection was lost')), failed);
    this.#watchStatus().catch(failed);
    this.#watchdog = setInterval(() => {
      if (performance.now() - this.#heardMs > SILENT_MS) this.#fail(unreachable(`the server has said nothing for ${SILENT_MS / 1000} s`));
    }, HEARTBEAT_MS);
  }

  /** What has come since, or will come next; nothing where the server has nothing to send now. Rejects when no more will come. */
  async next(): Promise<readonly StoredMessage[]> {
    for (;;) {
      if (this.#fault === undefined) while (this.#pulls.size < PULLS) this.#pull();
      if (this.#come.length > 0 || this.#isIdle) break;
      if (this.#fault !== undefined) throw this.#fault;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#isIdle = false;
    const come = this.#come;
    this.#come = [];
    return come;
  }

  /** The connection is whoever's it is. */
  end(): void {
    clearInterval(this.#watchdog);
    this.#fail(unreachable('nobody reads any more'));
  }

  /** Messages have the subject under which they are stored, so that each request gets a subscription: it tells which one they answer. */
  #pull(): void {
    const { connection, stream, consumer } = this.#parts;
    const number = (this.#lastPull += 1);
    const reply = this.#inbox + number;
    const subscription = connection.subscribe(reply, { callback: (error, message) => this.#take(number, error, message) });
    this.#pulls.set(number, { subscription, left: PULL_MESSAGES, isEmpty: true });
    const wanted = {
      batch: PULL_MESSAGES,
      max_bytes: this.#bytes,
      expires: EXPIRES_MS * NS_PER_MS,
      idle_heartbeat: HEARTBEAT_MS * NS_PER_MS,
    };
    connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify(wanted), { reply });
  }

  #take(pull: number, error: Error | null, message: Msg): void {
    if (error !== null) return this.#fail(this.#parts.explain(error));
    this.#heardMs = performance.now();
    const { headers, content } = partsOf(message);
    const { reply = '', subject } = message;
    if (!reply.startsWith('$JS.ACK.')) return this.#told(pull, headers);
    // $JS.ACK.[domain.account.]stream.consumer.deliveries.sequence.number.time.pending, and perhaps something behind it.
    const tokens = reply.split('.');
    const at = tokens.length > 9 ? 7 : 5;
    const [sequence, number, pending] = [Number(tokens[at]), Number(tokens[at + 1]), Number(tokens[at + 3])];
    if (number !== this.#lastDelivery + 1) return this.#fail(unreachable(`the server sent message ${number} after ${this.#lastDelivery}`));
    this.#lastDelivery = number;
    this.#come.push({ sequence, subject, headers, content, pending });
    this.#count(pull);
    this.#wake();
  }

  #count(number: number): void {
    const pull = this.#pulls.get(number);
    if (pull === undefined) return;
    pull.isEmpty = false;
    pull.left -= 1;
    if (pull.left === 0) this.#over(number);
  }

  #told(number: number, { status, description }: MessageHeaders): void {
    if (status === HEARTBEAT) this.#isIdle = true;
    else if (OVER.has(status)) this.#over(number);
    else if (status === CONFLICT && TOO_LARGE.test(description)) {
      // The next one is larger than all that was asked for.
      if (this.#pulls.get(number)?.isEmpty === true) this.#bytes *= 2;
      this.#over(number);
    } else return this.#fail(unreachable(`the server sends no more: ${status} ${escapeText(description)}`));
    this.#wake();
  }

  #over(number: number): void {
    this.#pulls.get(number)?.subscription.unsubscribe();
    this.#pulls.delete(number);
  }

  /** What the server refuses is told there only. */
  async #watchStatus(): Promise<void> {
    const { connection, explain } = this.#parts;
    for await (const status of connection.status()) if (status.type === 'error') this.#fail(explain(status.error));
  }

  #fail(error: AgentError): void {
    this.#fault ??= error;
    this.#wake();
  }
}

function unreachable(message: string): AgentError {
  return new AgentError('SINK_UNREACHABLE', message);
}

/** What is below the client's interface, which takes headers apart whenever it is asked for one. */
interface Received {
  readonly _rdata: Uint8Array;
  /** `hdr`: how many of the bytes are headers; -1: it has none. */
  readonly _msg: { readonly hdr: number };
}

/** The version of the client is fixed, and so is what is inside; a test says so when it is another. */
function partsOf(message: Msg): Pick<StoredMessage, 'headers' | 'content'> {
  const { _rdata: bytes, _msg: sizes } = message as unknown as Partial<Received>;
  if (bytes === undefined || typeof sizes?.hdr !== 'number')
    throw new AgentError('BUG', 'the client of NATS is not the one that this was made for');
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const start = Math.max(0, sizes.hdr);
  return { headers: new MessageHeaders(all.toString('latin1', 0, start)), content: all.subarray(start) };
}
