import { AgentError } from '../../src/core/errors.ts';
import type { Capture, Heard } from '../../src/core/kernel-event.ts';
import { CONTROL_BYTES, IngestControl } from '../../src/ingest/proc-connector/control.ts';
import { FrameReader } from '../../src/ingest/proc-connector/frame-reader.ts';
import { ConnectorReader } from '../../src/ingest/proc-connector/reader.ts';
import type { ReaderConfig } from '../../src/ingest/proc-connector/reader.ts';
import { RingConsumer, RingProducer, createRingMemory } from '../../src/ingest/ring/ring.ts';
import { FakeLibc } from '../helpers/fake-libc.ts';
import type { FakeMessage, FakeReceive } from '../helpers/fake-libc.ts';
import { datagram } from '../unit/ingest/proc-connector/vectors.ts';
import { DatagramStream } from './datagrams.ts';
import { Random } from './random.ts';
import { Reference, isWellFormed } from './reference.ts';
import type { Expected, Tally } from './reference.ts';

const LISTEN = 1;
const IGNORE = 2;
const LISTEN_BYTES = 40;
const [EPERM, EINTR, EAGAIN, ENOBUFS] = [1, 4, 11, 105];
/** Wraps a few times a session; has room for all that one receive brings, since this thread cannot wait for itself. */
const RING_BYTES = 1 << 18;
const MAX_BATCH = 256;
/** Receives of the listening reader, which captures and naps; the rest it hears while it drains. */
const LISTENING = 12;

export interface SessionPlan {
  readonly seed: number;
  /** Number of the session: with the seed it decides about everything in it. */
  readonly session: number;
  readonly datagrams: number;
}

export interface SessionResult {
  readonly datagrams: number;
  readonly tally: Tally;
  /** Ended by an answer of the kernel that carries an error. */
  readonly refused: boolean;
}

/** One life of the receiving thread, from LISTEN to IGNORE, whose kernel sends damaged datagrams. Throws when anything comes out that should not. */
export function runSession(plan: SessionPlan): SessionResult {
  return new Session(plan).run();
}

class Session {
  readonly #random: Random;
  readonly #stream: DatagramStream;
  readonly #reference: Reference;
  readonly #libc = new FakeLibc();
  readonly #control = new IngestControl(new SharedArrayBuffer(CONTROL_BYTES));
  readonly #memory = createRingMemory(RING_BYTES);
  readonly #consumer = new RingConsumer(this.#memory);
  readonly #frames = new FrameReader(this.#consumer);
  readonly #wanted: number;
  readonly #config: ReaderConfig;
  readonly #opening: FakeMessage[][] = [];
  readonly #answers = new Set<number>();
  /** What must still come out. */
  readonly #expected: Expected[] = [];
  #compared = 0;
  #batch: readonly FakeMessage[] = [];
  #sent = 0;
  #receives = 0;
  #confirmed = false;
  #refused = false;

  constructor({ seed, session, datagrams }: SessionPlan) {
    this.#random = new Random(seed, session);
    this.#stream = new DatagramStream(this.#random);
    this.#wanted = datagrams;
    this.#config = configOf(this.#random);
    this.#reference = new Reference({ ...this.#config, filtered: this.#config.kernelFilter !== null });
    this.#libc.onSend = (message) => this.#asked(message);
    this.#libc.onReceive = () => this.#receive();
  }

  run(): SessionResult {
    const { refused } = this.#end();
    if (refused !== this.#refused) throw new Error(`refused: ${refused} instead of ${this.#refused}`);
    this.#compare();
    if (!refused) this.#balance();
    return { datagrams: this.#sent, tally: this.#reference.tally, refused };
  }

  #end(): { refused: boolean } {
    const openExecCache = () => ({ reason: 'there is none here', fix: 'try elsewhere' });
    const parts = { libc: this.#libc, openExecCache, control: this.#control, ring: new RingProducer(this.#memory) };
    const [subscribed, scanned, lost, silent] = [ignore, ignore, ignore, ignore];
    try {
      new ConnectorReader(parts, this.#config).run({ subscribed, scanned, lost, silent });
      return { refused: false };
    } catch (error) {
      if (error instanceof AgentError && error.code.startsWith('NETLINK_')) return { refused: true };
      throw error;
    }
  }

  /** Before the answer to a LISTEN come others' answers, refusals among them, and damaged ones of our own. */
  #asked(message: Buffer): void {
    // With a mask it narrows what was confirmed, which the kernel does not answer.
    if (message.readUInt32LE(36) !== LISTEN || message.length > LISTEN_BYTES) return;
    const ack = (message.readUInt32LE(28) + 1) >>> 0;
    this.#answers.add(ack);
    const own = datagram({ what: 0, ack, words: [this.#random.oneIn(12) ? EPERM : 0] });
    for (let i = this.#random.below(3); i > 0; i -= 1) {
      const other = datagram({ what: 0, ack: this.#random.u32(), words: [this.#random.below(3)] });
      this.#opening.push([this.#stream.of(other), this.#stream.of(own)]);
    }
    this.#opening.push([{ bytes: datagram({ what: 0, ack }) }]);
  }

  #receive(): FakeReceive {
    this.#compare();
    const opening = this.#opening.shift();
    if (opening !== undefined) return this.#give(opening);
    this.#receives += 1;
    if (this.#receives === LISTENING) this.#control.requestStop(this.#random.oneIn(4) ? 'drain' : 'hurry');
    if (this.#sent >= this.#wanted) return EAGAIN;
    if (this.#random.oneIn(30)) return this.#receives < LISTENING ? this.#random.pick([EINTR, EAGAIN, ENOBUFS]) : ENOBUFS;
    return this.#give(this.#stream.take(this.#random.oneIn(4) ? MAX_BATCH : 1 + this.#random.below(this.#random.pick([8, MAX_BATCH]))));
  }

  #give(batch: readonly FakeMessage[]): readonly FakeMessage[] {
    this.#batch = batch;
    this.#sent += batch.length;
    for (const message of batch) {
      this.#reference.take(message, this.#expected);
      this.#judgeAnswer(message);
    }
    return batch;
  }

  /** The first whole answer to one of our requests decides. */
  #judgeAnswer({ bytes, sender = 0 }: FakeMessage): void {
    if (this.#confirmed || this.#refused || sender !== 0 || !isWellFormed(new DataView(bytes.buffer, bytes.byteOffset, bytes.length)))
      return;
    if (bytes.readUInt32LE(36) !== 0 || !this.#answers.has(bytes.readUInt32LE(28))) return;
    if (bytes.readUInt32LE(52) === 0) this.#confirmed = true;
    else this.#refused = true;
  }

  /** What has come through the ring so far is what should, in this order. */
  #compare(): void {
    const heard: Heard[] = [];
    for (let frame = this.#consumer.next(); frame !== undefined; frame = this.#consumer.next()) this.#frames.read(frame.offset, heard);
    for (const one of heard) {
      if (one.kind === 'SNAPSHOT' || one.kind === 'SCAN') continue;
      const expected = this.#expected[this.#compared++];
      const wrong = expected === undefined ? 'kind' : differing(one, expected);
      if (wrong !== undefined) throw this.#difference(wrong, one, expected);
    }
    this.#consumer.release();
    if (this.#compared < this.#expected.length) return;
    this.#expected.length = 0;
    this.#compared = 0;
  }

  #difference(wrong: string, heard: Heard, expected: Expected | undefined): Error {
    const batch = this.#batch.map(({ bytes, sender }) => `${sender} ${bytes.toString('hex')}`).join('\n');
    const [got, wanted] = [heard, expected].map((one) => JSON.stringify(one));
    return new Error(`${wrong} differs: ${got} instead of ${wanted}; sender and bytes of the last batch:\n${batch}`);
  }

  /** Every datagram was counted exactly once. */
  #balance(): void {
    const { foreign, malformed } = this.#control.counts;
    const { events, acks, unknown, lost } = this.#frames.tally;
    const [got, wanted] = [{ foreign, malformed, acks, unknown, events, lost }, this.#reference.tally].map((one) => JSON.stringify(one));
    if (got !== wanted) throw new Error(`counted ${got} instead of ${wanted}`);
    if (this.#compared !== this.#expected.length) throw new Error(`${this.#expected.length - this.#compared} did not come out`);
    if (foreign + malformed + acks + unknown + events !== this.#sent) throw new Error(`${this.#sent} were sent, ${got} counted`);
    const ignores = this.#libc.sent.filter((message) => message.readUInt32LE(36) === IGNORE).length;
    if (ignores !== 1) throw new Error(`${ignores} times IGNORE`);
  }
}

/** Without the listings of /proc that time would bring; every eighth session has a kernel that filters. */
function configOf(random: Random): ReaderConfig {
  const seq = (): number => random.u32() * random.below(2 ** 14) + random.u32();
  return {
    receiveBufferBytes: 1 << 20,
    maxArgsBytes: 1024,
    env: [],
    execCache: 'off',
    threads: false,
    kernelFilter: random.oneIn(8) ? { kinds: ['FORK', 'EXEC', 'EXIT'], mechanism: random.pick(['mask', 'bpf'] as const) } : null,
    foreignNamespace: null,
    fallback: 'none',
    silenceMs: 0,
    reconcileEveryMs: 600_000,
    fallbackEveryMs: 1000,
    kernelSeqs: { 0: seq(), 2: seq(), 65_535: seq() },
  };
}

const ignore = (): void => undefined;

/** Name of the first value that is not as expected, or that no event may have. */
function differing(heard: Heard, expected: Expected): string | undefined {
  const actual = heard as unknown as Record<string, unknown>;
  for (const name in expected) if (!Object.is(actual[name], expected[name])) return name;
  if (heard.kind === 'LOSS' || heard.kind === 'SCAN' || heard.kind === 'SNAPSHOT' || heard.kind === 'RECOVERED' || heard.kind === 'MOVED')
    return undefined;
  if (!Number.isFinite(heard.timeUs)) return 'timeUs';
  if (!Number.isSafeInteger(heard.delayUs) || heard.delayUs < 0) return 'delayUs';
  return heard.kind === 'EXEC' && heard.capture !== null && !isWhole(heard.capture, heard.tgid) ? 'capture' : undefined;
}

/** Bytes or an errno each, and the bytes where they belong. */
function isWhole(capture: Capture, pid: number): boolean {
  const { stat } = capture;
  if (typeof stat !== 'number' && !Buffer.from(stat).toString('latin1').startsWith(`${pid} (`)) return false;
  const { kernel, ...pieces } = capture;
  if (kernel !== undefined) return false;
  // What of the second look had nothing to say is undefined.
  return Object.values(pieces).every(
    (piece) => piece === undefined || Buffer.isBuffer(piece) || (typeof piece === 'number' && Number.isSafeInteger(piece) && piece >= 0),
  );
}
