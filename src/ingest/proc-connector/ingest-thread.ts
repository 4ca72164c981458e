import { closeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { AgentError } from '../../core/errors.ts';
import { openLibc, resolveLibc } from '../native/ffi.ts';
import { resolveLibbpf } from '../native/libbpf.ts';
import type { IngestReport, IngestWorkerData } from '../worker.ts';
import { ring } from './bell.ts';
import type { IngestControl } from './control.ts';
import { Phase } from './control.ts';
import { sendIgnore } from './subscription.ts';

/** How long an ingest thread may be stuck, in a /proc file that hangs, before the rest goes on without it. */
const HURRY_TIMEOUT_MS = 2000;
const EMERGENCY_TIMEOUT_MS = 150;

export interface IngestThreadEvents {
  report(report: Exclude<IngestReport, { type: 'failed' }>): void;
  /** At most once, before `ended`. */
  failed(error: AgentError): void;
  /** Nothing more comes from it, and it leaves nothing behind in the kernel. */
  ended(): void;
}

/** The ingest thread as the main thread sees it: started, asked to stop, and cleaned up after where it could not do that itself. */
export class IngestThread {
  readonly #control: IngestControl;
  readonly #events: IngestThreadEvents;
  readonly #ended = Promise.withResolvers<void>();
  #worker: Worker | undefined;
  #patience: NodeJS.Timeout | undefined;
  #failed = false;
  #hasEnded = false;

  constructor(control: IngestControl, events: IngestThreadEvents) {
    this.#control = control;
    this.#events = events;
  }

  start(workerData: IngestWorkerData): void {
    resolveLibc();
    if (workerData.config.execCache !== 'off') resolveLibbpf();
    // The entry lies beside this folder both as source and as built JavaScript.
    const entry = new URL(import.meta.url.endsWith('.ts') ? '../worker.ts' : '../worker.js', import.meta.url);
    // Its heap stays small: it makes strings of paths and little else.
    const worker = new Worker(entry, {
      workerData,
      name: 'forkcast-ingest',
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 },
    });
    this.#worker = worker;
    worker.on('message', (report: IngestReport) => this.#take(report));
    worker.on('error', (error) => this.#fail(died(error instanceof Error ? error.message : String(error), error)));
    worker.on('exit', (code) => this.#exited(code));
  }

  get started(): boolean {
    return this.#worker !== undefined;
  }

  /** Hears what the kernel has queued, undoes the subscription and ends. */
  async close(): Promise<void> {
    if (this.#worker === undefined) return;
    this.#stop('drain');
    await this.#ended.promise;
  }

  /** The same without captures; a thread that does not answer is left behind, with nothing of it left in the kernel. */
  hurry(): void {
    if (this.#worker === undefined || this.#patience !== undefined || this.#hasEnded) return;
    this.#stop('hurry');
    this.#patience = setTimeout(() => this.#leaveBehind(), HURRY_TIMEOUT_MS);
  }

  /** From now on it does not keep the process alive. */
  unref(): void {
    this.#worker?.unref();
  }

  /** For exits that cannot wait for the event loop: blocks until the subscription is undone, for at most a fifth of a second. */
  closeNow(): void {
    if (this.#worker === undefined) return;
    this.#stop('now');
    if (!this.#control.waitUntilClosed(EMERGENCY_TIMEOUT_MS)) this.#undo();
  }

  /** The subscription is no good: a new one. */
  renew(): void {
    this.#control.requestRenewal();
    this.#ring();
  }

  /** Ends it as failed, after what the kernel has queued. */
  fail(error: AgentError): void {
    this.#fail(error);
    this.#stop('drain');
  }

  #stop(how: 'drain' | 'hurry' | 'now'): void {
    this.#control.requestStop(how);
    this.#ring();
  }

  #ring(): void {
    if (this.#control.bellFd > 0) ring(this.#control.bellFd);
  }

  #take(report: IngestReport): void {
    if (report.type === 'failed') this.#fail(revived(report));
    else this.#events.report(report);
  }

  #fail(error: AgentError): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#events.failed(error);
  }

  #leaveBehind(): void {
    this.#fail(new AgentError('WORKER_DIED', 'the ingest thread does not answer; events may be lost uncounted'));
    this.#undo();
    this.#control.setPhase(Phase.CLOSED);
    this.#worker?.unref();
    this.#end();
  }

  /** The thread is gone; if it died, what it owed is done here: the main thread may make native calls now. */
  #exited(code: number): void {
    if (this.#control.phase !== Phase.CLOSED) {
      this.#fail(new AgentError('WORKER_DIED', `the ingest thread ended with code ${code}`));
      this.#undo();
      if (this.#control.socketFd > 0) closeSync(this.#control.socketFd);
      this.#control.setPhase(Phase.CLOSED);
    }
    if (this.#control.bellFd > 0) closeSync(this.#control.bellFd);
    this.#control.bellFd = 0;
    this.#end();
  }

  #end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#patience);
    this.#ended.resolve();
    this.#events.ended();
  }

  /** Also for a thread that does not answer in time: the one case in which two threads might call at once, which all having been resolved allows. */
  #undo(): void {
    sendIgnore(openLibc(), this.#control);
  }
}

function died(message: string, cause: unknown): AgentError {
  if (/E[MN]FILE/.test(message))
    return new AgentError('NATIVE_UNAVAILABLE', 'the ingest thread could not start: too many files are open', {
      cause,
      fix: 'Raise the limit of open files (ulimit -n, LimitNOFILE=): the agent needs about 40.',
    });
  return new AgentError('WORKER_DIED', `the ingest thread died: ${message}`, { cause });
}

/** Errors lose their type between threads. */
export function revived({ code, message, fix, stack }: Extract<IngestReport, { type: 'failed' | 'lost' }>): AgentError {
  return new AgentError(code, message, { ...(fix === undefined ? {} : { fix }), cause: stack });
}
