/**
 * Names, images and labels of containers, from a container engine's socket. Nothing here is on the path of an event: facts come whenever the
 * engine gives them, and events that went out before do without.
 *
 *   idle      until a container is wanted: a host without containers is never asked, and a connection is enough for systemd to start an engine
 *             that the administrator has stopped
 *   session   connect to /events, list what runs, then hear of containers that are made, started or renamed and look each up; what `want` asks
 *             for is looked up besides. One that breaks is followed, with backoff, by another as soon as something is wanted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerFacts } from './container-facts.ts';
import { parseEvent, parseInspect, parseList, type ListedContainer } from './engine-answer.ts';
import { EngineHttp, MAX_REQUESTS } from './engine-http.ts';
import { engineTrouble, type TroubleReason } from './engine-trouble.ts';
import { boundedLines, TOO_LONG } from './event-lines.ts';
import { isId } from './hex.ts';
import { LookupQueue } from './lookup-queue.ts';
import { TroubleBook, type EngineState } from './trouble-book.ts';

export interface DockerOptions {
  readonly socketPath: string;
  /** Take the labels over. */
  readonly labels: boolean;
  /** Something is known of a container, maybe what was known already. Called at any time between `open` and the end of `close`. */
  readonly onKnown: (id: string, facts: ContainerFacts) => void;
  /** The engine can be used, or what is wrong with it or an answer of it: each reason once until it can be used again. */
  readonly onState?: (state: EngineState) => void;
  /** Pause after the nth failed session in a row, milliseconds; replaced in tests. */
  readonly backoffMs?: (failures: number) => number;
  /** For one answer; replaced in tests. */
  readonly timeoutMs?: number;
}

export interface DockerCounters {
  sessions: number;
  /** Answers with the facts of a container, elements of lists included. */
  known: number;
  /** Containers that the engine does not know: those of other engines, and of an engine within a container. */
  unknown: number;
  /** Wanted while too many others were waiting: their events do without. */
  refused: number;
  readonly troubles: Readonly<Record<TroubleReason, number>>;
}

const TIMEOUT_MS = 5000;
/** An engine with thousands of containers takes seconds for their list. */
const LIST_PATIENCE = 6;
/** Of one container: some KiB as a rule; labels and environment may make it long. */
const MAX_INSPECT_BYTES = 1024 * 1024;
/** Of all that run, about 2 KiB each. Parsed it takes a few times as much of the agent's memory for a moment. */
const MAX_LIST_BYTES = 6 * 1024 * 1024;
const MAX_EVENT_BYTES = 256 * 1024;
const MAX_BACKOFF_MS = 30_000;
/** A session of this length was a good one. */
const GOOD_SESSION_MS = 10_000;

/** exec_* and health checks make most of the noise and say nothing new. The engine filters; both Docker and podman know these names. */
const WATCHED = ['create', 'start', 'rename'];
const EVENTS_PATH = `/events?filters=${encodeURIComponent(JSON.stringify({ type: ['container'], event: WATCHED }))}`;

export class DockerEngine {
  readonly counters: DockerCounters;
  readonly #options: Required<DockerOptions>;
  readonly #http: EngineHttp;
  readonly #lookups: LookupQueue;
  readonly #troubles: TroubleBook;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #wake = (): void => undefined;

  constructor(options: DockerOptions) {
    this.#options = { onState: () => undefined, backoffMs: fullJitter, timeoutMs: TIMEOUT_MS, ...options };
    this.#http = new EngineHttp(options.socketPath);
    this.#lookups = new LookupQueue(MAX_REQUESTS, (id) => this.#lookUp(id));
    this.#troubles = new TroubleBook(this.#options.onState);
    this.counters = { sessions: 0, known: 0, unknown: 0, refused: 0, troubles: this.#troubles.counts };
  }

  /** Begins to listen to `want`. Never throws. */
  open(): void {
    this.#running ??= this.#run();
  }

  /** Asks for a container that events speak of. Returns at once. */
  want(id: string): void {
    if (!isId(id) || this.#closing.signal.aborted) return;
    if (!this.#lookups.add(id)) this.counters.refused++;
    this.#wake();
  }

  /** Idempotent, and safe before `open`. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    this.#http.close();
    await this.#running;
    await this.#lookups.stop();
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#closing.signal.aborted;) {
      if (this.#lookups.waiting === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
      const begunMs = performance.now();
      await this.#session();
      failures = performance.now() - begunMs < GOOD_SESSION_MS ? failures + 1 : 1;
      await this.#pause(this.#options.backoffMs(failures));
    }
  }

  async #pause(ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.#closing.signal });
    } catch (error) {
      if (!this.#closing.signal.aborted) throw error;
    }
  }

  /** Resolves when it is over, for whatever reason. */
  async #session(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    try {
      // First the stream, so that nothing is made between the list and it.
      const stream = await this.#http.getStream(EVENTS_PATH, this.#options.timeoutMs);
      this.counters.sessions++;
      this.#troubles.over();
      await this.#list();
      this.#lookups.start();
      for await (const line of boundedLines(stream, MAX_EVENT_BYTES)) this.#hear(line);
      this.#say('unreachable', 'ended its stream of events');
    } catch (error) {
      this.#fail(error);
    }
    await this.#lookups.stop();
  }

  /** Without it the session goes on: what is wanted is looked up one by one. */
  async #list(): Promise<void> {
    try {
      const limits = { maxBytes: MAX_LIST_BYTES, timeoutMs: LIST_PATIENCE * this.#options.timeoutMs };
      const listed = parseList(await this.#http.getJson('/containers/json', limits), this.#options.labels);
      if (listed === null) this.#say('malformed', 'answered with what is no list of containers');
      else listed.forEach((one) => this.#learnListed(one));
    } catch (error) {
      this.#fail(error);
    }
  }

  #learnListed({ id, facts }: ListedContainer): void {
    this.#learn(id, facts);
    if (facts.image === null) this.#lookups.add(id);
    else this.#lookups.drop(id);
  }

  #hear(line: string | typeof TOO_LONG): void {
    if (line === TOO_LONG) return this.#say('oversize', `sent an event of more than ${MAX_EVENT_BYTES} bytes`);
    if (line.trim() === '') return;
    const event = parseEvent(line);
    if (event === null) this.#say('malformed', 'sent an event that is none');
    else if (WATCHED.includes(event.action)) this.want(event.id);
  }

  async #lookUp(id: string): Promise<void> {
    try {
      const limits = { maxBytes: MAX_INSPECT_BYTES, timeoutMs: this.#options.timeoutMs };
      const answer = await this.#http.getJson(`/containers/${id}/json`, limits);
      const facts = answer === undefined ? null : parseInspect(answer, this.#options.labels);
      if (facts !== null) this.#learn(id, facts);
      else if (answer === undefined) this.counters.unknown++;
      else this.#say('malformed', 'answered with what is no container');
    } catch (error) {
      this.#fail(error);
    }
  }

  #learn(id: string, facts: ContainerFacts): void {
    this.counters.known++;
    this.#options.onKnown(id, facts);
  }

  #say(reason: TroubleReason, detail: string): void {
    this.#fail(engineTrouble({ reason, detail, socketPath: this.#options.socketPath }));
  }

  /** What our own closing breaks off is no trouble. */
  #fail(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    // Whose engine is not there cannot be asked; its containers are listed when one of its next is wanted.
    if (this.#troubles.note(error) === 'absent') this.#lookups.clear();
  }
}

function fullJitter(failures: number): number {
  return Math.random() * Math.min(MAX_BACKOFF_MS, 1000 * 2 ** Math.min(failures, 10));
}
