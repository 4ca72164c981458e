import type { NatsConnection, Status } from '@nats-io/transport-node';
import { framesIn } from './frames.ts';
import type { Frame } from './frames.ts';

interface Answer {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers?: { readonly code: number };
}

type Callback = (error: Error | null, answer: Answer) => void;

/** The parts of the client that a sink uses, with a server behind it that does what it is told. */
export class FakeConnection {
  readonly frames: Frame[] = [];
  /** Of `flush` that waits for its PONG. */
  readonly pings: PromiseWithResolvers<void>[] = [];
  readonly slabs: Uint8Array[] = [];
  info: { max_payload: number } | undefined = { max_payload: 1_000_000 };
  closes = 0;
  listensTo = '';
  /** What the server does with each frame. */
  onFrame: (frame: Frame) => void = () => undefined;
  #callback: Callback | undefined;
  readonly #closed = Promise.withResolvers<Error | undefined>();
  readonly #statuses: Status[] = [];
  #statusCame = Promise.withResolvers<void>();

  readonly protocol = {
    sendCommand: (bytes: Uint8Array): void => {
      this.slabs.push(bytes);
      for (const frame of framesIn(Buffer.from(bytes))) {
        this.frames.push(frame);
        this.onFrame(frame);
      }
    },
    flushPending: (): void => undefined,
  };

  /** As the sink takes it. */
  get client(): NatsConnection {
    return this as unknown as NatsConnection;
  }

  subscribe(subject: string, { callback }: { callback: Callback }): void {
    this.listensTo = subject;
    this.#callback = callback;
  }

  answer(subject: string, data: string | Uint8Array, code?: number): void {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    this.#callback?.(null, { subject, data: bytes, ...(code === undefined ? {} : { headers: { code } }) });
  }

  /** Answers to a message as a stream does. */
  stored({ reply }: Pick<Frame, 'reply'>, more = ''): void {
    this.answer(reply, `{"stream":"S","seq":7${more}}`);
  }

  deafen(error: Error): void {
    this.#callback?.(error, { subject: '', data: new Uint8Array(0) });
  }

  flush(): Promise<void> {
    const ping = Promise.withResolvers<void>();
    this.pings.push(ping);
    return ping.promise;
  }

  tell(status: Status): void {
    this.#statuses.push(status);
    this.#statusCame.resolve();
  }

  async *status(): AsyncIterable<Status> {
    for (;;) {
      await this.#statusCame.promise;
      this.#statusCame = Promise.withResolvers();
      yield* this.#statuses.splice(0);
    }
  }

  closed(): Promise<Error | undefined> {
    return this.#closed.promise;
  }

  /** The server is gone. */
  break(error?: Error): void {
    this.#closed.resolve(error);
  }

  close(): Promise<void> {
    this.closes += 1;
    this.#closed.resolve(undefined);
    return Promise.resolve();
  }
}

/** As the client makes it of what the server says. */
export function violation(operation: 'publish' | 'subscription', subject: string): Status {
  const error = Object.assign(new Error('Permissions Violation'), { name: 'PermissionViolationError', operation, subject });
  return { type: 'error', error };
}
