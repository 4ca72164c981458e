import { expect, it } from 'vitest';
import { Digest, EventHash } from '../../../src/core/digest.ts';
import type { AgentEvent } from '../../../src/core/agent-event.ts';
import { PageBudget } from '../../../src/verify/sequence-set.ts';
import { Verifier } from '../../../src/verify/verifier.ts';
import { NO_UPSTREAM as upstream } from '../../helpers/no-upstream.ts';

const HOSTS = 1000;
/** Many, of which the sink's filter lets few through: bitmaps grow by what is numbered. */
const PER_CHECKPOINT = 20_000;
const LET_THROUGH = 500;

interface One {
  readonly agentId: Buffer;
  readonly sinkId: Buffer;
  readonly host: { readonly host_id: Buffer; readonly boot_id: Buffer; readonly hostname: string };
  readonly hash: EventHash;
  sequence: number;
  checkpoints: number;
}

const idOf = (kind: number, n: number): Buffer => {
  const bytes = Buffer.alloc(16, kind);
  bytes.writeUInt32BE(n, 12);
  return bytes;
};

const hostOf = (n: number): One => ({
  agentId: idOf(1, n),
  sinkId: idOf(3, n),
  host: { host_id: idOf(2, n), boot_id: idOf(4, n), hostname: `host-${n}` },
  hash: new EventHash(idOf(1, n)),
  sequence: 0,
  checkpoints: 0,
});

/** The events of one interval, and the checkpoint behind them. */
function state(verifier: Verifier, one: One): void {
  const { agentId, sinkId, host, hash } = one;
  const place = { place: '', sink: sinkId };
  const from = one.sequence + 1;
  const digest = new Digest();
  let accepted = 0;
  for (let i = 0; i < PER_CHECKPOINT; i += LET_THROUGH) {
    const sequence = from + i;
    digest.add(hash.of(sequence));
    accepted += 1;
    verifier.add({ stream: 'process', agentId, sequence, time: sequence, host, event: null }, place);
  }
  one.sequence += PER_CHECKPOINT;
  const covered = {
    from_sequence: from,
    to_sequence: one.sequence,
    accepted,
    filtered: PER_CHECKPOINT - accepted,
    dropped: [],
    amendments: [],
    final: false,
  };
  const checkpoint = { sink_id: sinkId, checkpoint_no: (one.checkpoints += 1), ...covered, digest: digest.bytes(), upstream };
  const none = { start: null, snapshot: null, gap: null, throttle: null, canary: null, reload: null, stop: null };
  const own = { agent_id: agentId, host: { ...host, labels: null }, monotonic_us: 0, sequence: null };
  const event: AgentEvent = { ...none, ...own, kind: 'CHECKPOINT', time: one.sequence, checkpoint };
  verifier.add({ stream: 'agent', agentId, sequence: null, time: one.sequence, host, event }, place);
}

/** Pages of bitmaps at most, 4 KiB each, the records of all hosts coming in turn. */
function mostPages(rounds: number): number {
  const budget = new PageBudget();
  const verifier = new Verifier(budget);
  const hosts = Array.from({ length: HOSTS }, (_, n) => hostOf(n));
  let most = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const one of hosts) state(verifier, one);
    most = Math.max(most, budget.pages);
  }
  const report = verifier.report({ nowUs: rounds * PER_CHECKPOINT });
  expect(report.runs.filter(({ present, expected }) => present !== expected || expected === 0)).toEqual([]);
  expect(report.runs).toHaveLength(HOSTS);
  return most;
}

it('takes no more for a thousand hosts whose records come in turn, however much comes of them', { timeout: 60_000 }, () => {
  // Some for each host, and what is kept of proven ones; all would be 25,000.
  expect(mostPages(40)).toBeLessThan(12_000);
});
