/** What one run of one case yields. Absent figures make no sense for the case. */
export interface Measurement {
  readonly eventsPerSecond?: number;
  /** CPU time of all threads of what is measured, user and system. */
  readonly cpuUsPerEvent?: number;
  /** Highest resident memory of the measured process, the harness included where it runs in the same process; absent where nobody says. */
  readonly rssMiB?: number;
  readonly p50Us?: number;
  readonly p99Us?: number;
  /** Further figures by name, e.g. `B/event`. */
  readonly extra: Readonly<Record<string, number>>;
}

/** Of what is measured by its events. */
export type Pace = Required<Pick<Measurement, 'eventsPerSecond' | 'cpuUsPerEvent'>>;

export interface BenchCase {
  readonly stage: Stage;
  readonly name: string;
  /** Name of the case of the same stage that does the like with a client of others: the report compares the two. */
  readonly peer?: string;
  /** One run of about this length, in a process of its own. */
  measure(seconds: number): Promise<Measurement>;
}

export const STAGES = ['encode', 'enrich', 'redact', 'spool', 'ring', 'ingest', 'e2e', 'kafka', 'kafka-idle', 'nats'] as const;
export type Stage = (typeof STAGES)[number];

export const E2E_SINKS = ['file', 'blackhole'] as const;
export type E2eSink = (typeof E2E_SINKS)[number];

/** What of a stage's cases was asked for; only e2e has choices. */
export interface Choice {
  /** Where the agent delivers to. */
  readonly sink: E2eSink;
  /** One case of forks and exits at this many events a second (0: as fast as two processes make them) in place of the usual ones. */
  readonly rate?: number;
}

/** Adds up wall and CPU time over the parts of a run that count. */
export class Meter {
  seconds = 0;
  cpuUs = 0;
  events = 0;
  #since = 0n;
  #cpuSince = process.cpuUsage();

  start(): void {
    this.#cpuSince = process.cpuUsage();
    this.#since = process.hrtime.bigint();
  }

  stop(events: number): void {
    this.seconds += Number(process.hrtime.bigint() - this.#since) / 1e9;
    const { user, system } = process.cpuUsage(this.#cpuSince);
    this.cpuUs += user + system;
    this.events += events;
  }

  result(extra: Readonly<Record<string, number>> = {}): Measurement & Pace {
    return {
      eventsPerSecond: this.events / this.seconds,
      cpuUsPerEvent: this.cpuUs / this.events,
      rssMiB: process.resourceUsage().maxRSS / 1024,
      extra,
    };
  }
}

/** Nearest rank; `sorted` ascending and not empty. */
export function percentile(sorted: Float64Array | readonly number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil((p / 100) * sorted.length) - 1))] ?? Number.NaN;
}

/** p50 and p99 of latencies in microseconds; nothing for no samples. */
export function latencies(samplesUs: readonly number[]): { p50Us?: number; p99Us?: number } {
  if (samplesUs.length === 0) return {};
  const sorted = Float64Array.from(samplesUs).toSorted();
  return { p50Us: percentile(sorted, 50), p99Us: percentile(sorted, 99) };
}
