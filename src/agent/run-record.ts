import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { UpstreamLedger } from '../core/agent-event.ts';
import type { SinkLedger } from '../core/ledger.ts';

/**
 * What a run leaves behind in `state/last-run.json`: for the START event of the next one, for whoever asks how the last one ended,
 * and as the machine-readable form of the closing ledger. Replaced as a whole, written while the lock is held.
 */
export interface RunRecord {
  readonly version: 1;
  /** UUID text. */
  readonly agent_id: string;
  /** The run reached its STOP event. */
  readonly clean: boolean;
  /** Microseconds since the epoch. */
  readonly time: number;
  readonly upstream: UpstreamLedger;
  readonly sinks: readonly SinkLedger[];
  readonly last_sequence: number;
  readonly resources: { readonly cpu_us: number; readonly max_rss_kib: number; readonly seconds: number };
  readonly provenance: Readonly<Record<'args' | 'exe' | 'cgroup', Readonly<Record<string, number>>>>;
}

export function writeRunRecord(path: string, record: RunRecord): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const next = `${path}.next`;
  writeFileSync(next, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(next, path);
}

/** The record of the run before, or undefined when there is none that can be read: a damaged one must not keep the agent from starting. */
export function readRunRecord(path: string, onDamage: (reason: string) => void): RunRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as RunRecord;
    if (record.version === 1 && /^[0-9a-f-]{36}$/.test(record.agent_id)) return record;
    onDamage('it is of another version');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onDamage(error instanceof Error ? error.message : String(error));
  }
  return undefined;
}
