import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { previousRun } from '../../../src/agent/lifecycle-events.ts';
import { readRunRecord, writeRunRecord } from '../../../src/agent/run-record.ts';
import type { LastRun, RunRecord } from '../../../src/agent/run-record.ts';
import { openLedger } from '../../../src/core/ledger.ts';
import { uuidBytes, uuidText } from '../../../src/core/uuid.ts';
import { NO_UPSTREAM } from '../../helpers/no-upstream.ts';

const upstream = { ...NO_UPSTREAM, sequenced: 9 };
const record: RunRecord = {
  version: 1,
  agent_id: '195fda90-ed8c-4ca8-a3c2-bc3bcf5b20cc',
  clean: true,
  time: 1_767_225_600_000_007,
  upstream,
  sinks: [{ ...openLedger('file'), accepted: 9, lastAccepted: 8, delivered: 9 }],
  last_sequence: 9,
  boot_id: '2b5c1b3e-8d5b-4f51-9d64-5a8b7a1c9e10',
  kernel_seqs: { '0': 12, '1': 4_294_967_300 },
  resources: { cpu_us: 1, max_rss_kib: 1, seconds: 1 },
  provenance: { args: {}, exe: {}, cgroup: {} },
};

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'forkcast-record-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'last-run.json');
}

function reading(text: string): { record: LastRun | undefined; damage: string[] } {
  const path = temporary();
  writeFileSync(path, text);
  const damage: string[] = [];
  return { record: readRunRecord(path, (reason) => damage.push(reason)), damage };
}

it('gives back what was written', () => {
  const path = temporary();
  const damage: string[] = [];
  expect(readRunRecord(path, (reason) => damage.push(reason))).toBeUndefined();
  writeRunRecord(path, record);
  expect(readRunRecord(path, (reason) => damage.push(reason))).toEqual(record);
  expect(damage).toEqual([]);
});

it('does not wait for whoever might write to a fifo', () => {
  const path = temporary();
  execFileSync('/usr/bin/mkfifo', [path]);
  const damage: string[] = [];
  expect(readRunRecord(path, (reason) => damage.push(reason))).toBeUndefined();
  expect(damage).toEqual(['it is not a regular file']);
});

it('tells START of the run before', () => {
  const sinkId = uuidBytes('0f1e2d3c-4b5a-4697-a8b9-cadbecfd0e1f');
  const { record: last } = reading(JSON.stringify(record));
  expect(previousRun(last, new Map([['file', sinkId]]))).toMatchObject({ clean: true, last_sequences: { [uuidText(sinkId)]: 8 } });
  expect(previousRun(last, new Map())).toMatchObject({ last_sequences: {} });
});

it('tells START what the queue itself knows of the run before, where it is more', () => {
  const sinkId = uuidBytes('0f1e2d3c-4b5a-4697-a8b9-cadbecfd0e1f');
  const { record: last } = reading(JSON.stringify(record));
  const told = (agentId: string, sequence: number): number | undefined => {
    const before = new Map([['file', { agentId: uuidBytes(agentId), sequence }]]);
    return previousRun(last, new Map([['file', sinkId]]), before)?.last_sequences[uuidText(sinkId)];
  };
  expect([told(record.agent_id, 12), told(record.agent_id, 3), told('00000000-0000-4000-8000-000000000000', 12)]).toEqual([12, 8, 8]);
});

const sink = { sink: 'file', lastAccepted: 1 };
const damaged: [string, unknown, string][] = [
  ['only an id', { version: 1, agent_id: record.agent_id }, 'sinks is not a list'],
  ['a list', [record], 'it is not an object'],
  ['null', null, 'it is not an object'],
  ['another version', { ...record, version: 2 }, 'it is of another version'],
  ['an id that is a list', { ...record, agent_id: [record.agent_id] }, 'agent_id is not a UUID'],
  ['an id of dashes', { ...record, agent_id: '-'.repeat(36) }, 'agent_id is not a UUID'],
  ['clean as text', { ...record, clean: 'yes' }, 'clean is not true or false'],
  ['time as text', { ...record, time: '1' }, 'time is not a count of microseconds'],
  ['a huge time', { ...record, time: 1e300 }, 'time is not a count of microseconds'],
  ['a fraction of a sequence', { ...record, last_sequence: 1.5 }, 'last_sequence is not a count'],
  ['a sequence beyond 2^53', { ...record, last_sequence: 2 ** 53 }, 'last_sequence is not a count'],
  ['a negative sequence', { ...record, last_sequence: -1 }, 'last_sequence is not a count'],
  ['sinks by name', { ...record, sinks: { file: sink } }, 'sinks is not a list'],
  ['a sink of null', { ...record, sinks: [sink, null] }, 'sinks[1]: is not an object'],
  ['a sink without a name', { ...record, sinks: [{ lastAccepted: 1 }] }, 'sinks[0]: sink is not a name'],
  ['a sink with text for a count', { ...record, sinks: [{ ...sink, lastAccepted: '1' }] }, 'sinks[0]: lastAccepted is not a sequence'],
];

it.each(damaged)('reports a damaged record: %s', (_name, written, reason) => {
  expect(reading(JSON.stringify(written))).toEqual({ record: undefined, damage: [reason] });
});

it.each(['', '{"version":1,', '\0\0\0\0'])('reports what is no JSON: %j', (text) => {
  const { record: read, damage } = reading(text);
  expect(read).toBeUndefined();
  expect(damage).toHaveLength(1);
});
