import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import type { Measurement, Stage } from './measurement.ts';

/** All runs of one case, or why it could not be run. */
export interface CaseResult {
  readonly stage: Stage;
  readonly name: string;
  /** Name of the case of the same stage to compare it with. */
  readonly peer?: string;
  readonly runs: readonly Measurement[];
  readonly error?: string;
}

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  /** Average of the last minute, when the measuring began. */
  readonly load: number;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function thisMachine(): Machine {
  const kiB = /^MemTotal:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
    memoryGiB: Math.round(Number(kiB) / 2 ** 20),
    kernel: release(),
    node: process.version,
    load: loadavg()[0] ?? 0,
  };
}

export function machineLine(machine: Machine): string {
  const { cores, cpu, memoryGiB, kernel, node, load } = machine;
  return `${cores} cores (${cpu}), ${memoryGiB} GiB, Linux ${kernel}, Node ${node}, load ${load.toFixed(2)}`;
}

/** Undefined when no run has the figure. */
export function spreadOf(runs: readonly Measurement[], figure: (run: Measurement) => number | undefined): Spread | undefined {
  const values = runs
    .map(figure)
    .filter((value) => value !== undefined)
    .toSorted((a, b) => a - b);
  const [min, max] = [values.at(0), values.at(-1)];
  if (min === undefined || max === undefined) return undefined;
  const upper = values[values.length >> 1] ?? max;
  const lower = values[(values.length - 1) >> 1] ?? min;
  return { median: (lower + upper) / 2, min, max };
}

const COLUMNS: readonly { readonly title: string; readonly figure: (run: Measurement) => number | undefined; readonly range?: true }[] = [
  { title: 'events/s', figure: (run) => run.eventsPerSecond, range: true },
  { title: 'CPU µs/event', figure: (run) => run.cpuUsPerEvent, range: true },
  { title: 'RSS MiB', figure: (run) => run.rssMiB },
  { title: 'p50 µs', figure: (run) => run.p50Us },
  { title: 'p99 µs', figure: (run) => run.p99Us },
];

/** One line a case: medians, with min–max for the two figures that matter most. */
export function table(results: readonly CaseResult[]): string {
  const head = ['stage', 'case', ...COLUMNS.map(({ title }) => title), 'further'];
  const rows = [head, ...results.map((result) => row(result, peerOf(result, results)))];
  const widths = head.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => align(cell, widths[column] ?? 0, column))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function peerOf({ stage, peer }: CaseResult, results: readonly CaseResult[]): CaseResult | undefined {
  return results.find((other) => other.stage === stage && other.name === peer && other.error === undefined);
}

function row({ stage, name, runs, error }: CaseResult, peer: CaseResult | undefined): string[] {
  if (error !== undefined) return [stage, name, '–', '–', '–', '–', '–', `failed: ${error.split('\n', 1)[0] ?? ''}`];
  return [stage, name, ...COLUMNS.map(({ figure, range }) => cell(spreadOf(runs, figure), range)), further(runs, peer)];
}

function cell(spread: Spread | undefined, range: true | undefined): string {
  if (!spread) return '–';
  return range ? `${number(spread.median)} [${number(spread.min)}–${number(spread.max)}]` : number(spread.median);
}

function further(runs: readonly Measurement[], peer: CaseResult | undefined): string {
  const names = Object.keys(runs[0]?.extra ?? {});
  const extra = names.map((name) => `${name} ${number(spreadOf(runs, (run) => run.extra[name])?.median ?? Number.NaN)}`);
  return [...extra, ...(peer === undefined ? [] : comparison(runs, peer))].join(', ');
}

/** Medians as multiples of the other's. */
function comparison(runs: readonly Measurement[], { name, runs: others }: CaseResult): string[] {
  const times = (title: string, figure: (run: Measurement) => number | undefined): string[] => {
    const [own, other] = [spreadOf(runs, figure), spreadOf(others, figure)];
    return own === undefined || other === undefined ? [] : [`${title} ${number(own.median / other.median)} times`];
  };
  const both = [...times('events/s', (run) => run.eventsPerSecond), ...times('CPU', (run) => run.cpuUsPerEvent)];
  return both.length === 0 ? [] : [`${both.join(' and ')} that of ${name}`];
}

function align(cellText: string, width: number, column: number): string {
  return column >= 2 && column < 2 + COLUMNS.length ? cellText.padStart(width) : cellText.padEnd(width);
}

function number(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-GB');
  return Number(value.toPrecision(3)).toString();
}
