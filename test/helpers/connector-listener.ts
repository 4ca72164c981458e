import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Libc } from '../../src/ingest/native/libc.ts';
import { CONTROL_BYTES, IngestControl } from '../../src/ingest/proc-connector/control.ts';
import { MessageVector } from '../../src/ingest/proc-connector/message-vector.ts';
import { openConnectorSocket } from '../../src/ingest/proc-connector/socket.ts';
import { Subscription, sendIgnore } from '../../src/ingest/proc-connector/subscription.ts';
import { What, ackOf, firstOf, isProcessEvent, secondOf, whatOf } from '../../src/ingest/proc-connector/wire.ts';
import { waitFor } from './wait-for.ts';

const COUNT = 64;
const STRIDE = 80;
const MSG_DONTWAIT = 0x40;
const RECEIVE_BUFFER = 8 << 20;

/** A message as received: `what`, and the process whose event it is. */
export interface HeardMessage {
  readonly what: number;
  readonly tgid: number;
}

/** A subscription on the live kernel in this thread, made of the ingest thread's own parts; it ends with exactly one IGNORE. */
export class ConnectorListener {
  readonly fd: number;
  /** Events and acknowledgements since the last `clear`, in order of receipt. */
  readonly heard: HeardMessage[] = [];
  readonly #libc: Libc;
  readonly #control = new IngestControl(new SharedArrayBuffer(CONTROL_BYTES));
  readonly #subscription: Subscription;
  readonly #bytes = Buffer.alloc(COUNT * STRIDE);
  readonly #messages: MessageVector;

  /** `open` makes the socket; by default in this thread's network namespace. */
  constructor(libc: Libc, open = (): number => openConnectorSocket(libc, RECEIVE_BUFFER).fd) {
    this.#libc = libc;
    this.fd = open();
    this.#subscription = new Subscription(libc, this.#control, this.fd);
    this.#messages = new MessageVector(libc, this.#bytes, { count: COUNT, stride: STRIDE });
    this.#messages.pointAt(0);
  }

  /** Resolves when the kernel has confirmed; rejects with its refusal. */
  async subscribe(): Promise<void> {
    while (!this.#subscription.confirmed) {
      this.#subscription.advance(Number(process.hrtime.bigint()));
      await new Promise((resolve) => setTimeout(resolve, 1));
      this.receive();
    }
  }

  clear(): void {
    this.heard.length = 0;
  }

  /** Takes what is queued. */
  receive(): void {
    const words = new Uint32Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length / 4);
    for (;;) {
      const { value } = this.#libc.recvmmsg(this.fd, this.#messages.headers, COUNT, MSG_DONTWAIT);
      if (value <= 0) return;
      for (let i = 0; i < value; i += 1) this.#take(words, i);
    }
  }

  #take(words: Uint32Array, i: number): void {
    const at = i * STRIDE;
    if (!isProcessEvent(words, at, this.#messages.length(i))) return;
    const what = whatOf(words, at);
    if (what === What.NONE) this.#subscription.acknowledged(ackOf(words, at), firstOf(words, at));
    // The union of a FORK names the parent first: pid, tgid; then the child.
    this.heard.push({ what, tgid: (what === What.FORK ? words[(at + 64) / 4] : secondOf(words, at)) as number });
  }

  /** Runs /bin/true to its end and resolves with its pid as soon as its event of this kind has been heard. */
  async hearChild(what: number): Promise<number> {
    const child = spawn('/bin/true', { stdio: 'ignore' });
    await once(child, 'close');
    await waitFor(() => (this.receive(), this.heard.some((message) => message.what === what && message.tgid === child.pid)), {
      what: `event ${what} of process ${child.pid}`,
    });
    return child.pid as number;
  }

  close(): void {
    try {
      sendIgnore(this.#libc, this.#control);
    } finally {
      this.#libc.close(this.fd);
    }
  }
}
