import { join } from 'node:path';
import type { EventSource } from '../core/event-source.ts';
import { fileError } from '../core/system-error.ts';
import { uuidText } from '../core/uuid.ts';
import type { Enricher } from '../enrich/enricher.ts';
import type { RunIdentity } from '../enrich/identity.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Books } from './books.ts';
import { writeRunRecord } from './run-record.ts';

export interface RunRecorderParts {
  readonly dataDir: string;
  readonly identity: RunIdentity;
  /** null where it does not hear this machine. */
  readonly source: Pick<EventSource, 'kernelSeqs'> | null;
  readonly enricher: Enricher;
  readonly books: Books;
  readonly log: Logger;
}

export const lastRunPath = (dataDir: string): string => join(dataDir, 'state', 'last-run.json');

/** Writes the record of a run, now and then and at its end. */
export class RunRecorder {
  readonly #parts: RunRecorderParts;
  readonly #path: string;
  readonly #startedMs = performance.now();

  constructor(parts: RunRecorderParts) {
    this.#parts = parts;
    this.#path = lastRunPath(parts.dataDir);
  }

  /** Never in the way of the run: it only helps the next one. */
  record(clean: boolean): void {
    try {
      this.#write(clean);
    } catch (error) {
      const { message, code } = fileError({ action: 'write the record of this run', path: this.#path }, error);
      this.#parts.log.warn({ code }, message);
    }
  }

  #write(clean: boolean): void {
    const { identity, source, enricher, books } = this.#parts;
    const { args, exe, cgroup } = enricher.counters;
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    writeRunRecord(this.#path, {
      version: 1,
      agent_id: uuidText(identity.agentId),
      clean,
      time: Date.now() * 1000,
      upstream: books.upstream,
      sinks: books.sinks,
      last_sequence: books.lastSequence,
      boot_id: uuidText(identity.bootId),
      kernel_seqs: source?.kernelSeqs ?? {},
      resources: { cpu_us: userCPUTime + systemCPUTime, max_rss_kib: maxRSS, seconds: (performance.now() - this.#startedMs) / 1000 },
      provenance: { args, exe, cgroup },
    });
  }
}
