import { describe, expect, it } from 'vitest';
import { streamFindings, toBeCreated } from '../../../src/cli/check-connect-stream.ts';
import type { ItemFinding } from '../../../src/cli/check-connect-finding.ts';

type StreamInfo = Parameters<typeof streamFindings>[0];
type Account = Parameters<typeof toBeCreated>[2]['account'];

const WRITER = { subjects: ['f.h.process', 'f.h.agent'], wildcards: ['f.*.process', 'f.*.agent'], maxBytes: null };
const MS = 1_000_000;
const GOOD = {
  name: 'S',
  subjects: ['f.>'],
  storage: 'file',
  num_replicas: 3,
  duplicate_window: 120_000 * MS,
  max_age: 3_600_000 * MS,
  max_bytes: -1,
  max_msgs: -1,
  max_msgs_per_subject: -1,
  max_msg_size: -1,
  discard: 'old',
  retention: 'limits',
};

function found(change: object = {}, cluster?: object, maxBytes: number | null = null): ItemFinding[] {
  const state = { messages: 5, bytes: 100 };
  const info = { config: { ...GOOD, ...change }, state, ...(cluster === undefined ? {} : { cluster }) } as unknown as StreamInfo;
  return streamFindings(info, { ...WRITER, maxBytes });
}

const trouble = (findings: readonly ItemFinding[]): string[] =>
  findings.filter(({ status }) => status !== 'ok').map(({ item, status, found: text }) => `${status} ${item}: ${text}`);

describe('what a stream is found to be', () => {
  it('is good with three replicas and a limit', () => {
    expect(trouble(found())).toEqual([]);
  });

  it.each([
    [{ num_replicas: 1 }, 'warning S storage: file, 1 replica'],
    [{ storage: 'memory' }, 'warning S storage: memory, 3 replicas: what is in it is gone'],
    [{ duplicate_window: 29_999 * MS }, 'warning S duplicates: recognised for'],
    [{ max_age: 0 }, 'warning S limits: has none'],
    [{ max_msgs_per_subject: 1 }, 'warning S limits: keeps 1 of each subject only'],
    [{ retention: 'workqueue' }, 'warning S retention: workqueue: deletes each message that somebody has read'],
    [{ retention: 'interest' }, 'warning S retention: interest: deletes each message that nobody is there to read'],
    [{ mirror: { name: 'T' } }, 'error stream S: is a mirror'],
    [{ sealed: true }, 'error stream S: is sealed'],
    [{ no_ack: true }, 'error stream S: acknowledges nothing'],
    [{ subjects: ['f.*.process'] }, 'error S subjects: takes f.*.process, and not f.h.agent'],
    [{ subjects: undefined }, 'error S subjects: takes no subjects, and not f.h.process and f.h.agent'],
  ])('with %j: %s', (change, text) => {
    const all = trouble(found(change));
    expect(all).toHaveLength(1);
    expect(all[0]).toContain(text);
  });

  it('is an error without a leader', () => {
    expect(trouble(found({}, { leader: undefined }))).toEqual(['error stream S: has no leader at present']);
    expect(trouble(found({}, { leader: 'n1' }))).toEqual([]);
  });

  it('warns of a limit below batches, and not where each event is a message', () => {
    expect(trouble(found({ max_msg_size: 1000 }, undefined, 1001))[0]).toContain('are refused at first, and sent in parts');
    expect(trouble(found({ max_msg_size: 1000 }, undefined, 1000))).toEqual([]);
    expect(trouble(found({ max_msg_size: 1000 }))).toEqual([]);
  });
});

describe('a stream that the agent is to create', () => {
  const wanted = {
    subjects: ['f.>'],
    maxBytes: 1000,
    maxAgeMs: 1000,
    replicas: 1,
    dedupeWindowMs: 1000,
    storage: 'file',
    discard: 'old',
  } as const;
  const limits = { max_streams: -1, max_storage: -1, max_memory: -1 };
  const account = (more: object = {}): Account =>
    ({ limits, streams: 2, reserved_memory: 0, reserved_storage: 500, ...more }) as unknown as Account;

  it.each([
    ['an account without limits', account(), 1, 'ok'],
    ['all streams that it may have', account({ limits: { ...limits, max_streams: 2 } }), 1, 'has all 2 streams'],
    ['room for it', account({ limits: { ...limits, max_storage: 1500 } }), 1, 'ok'],
    ['too little room', account({ limits: { ...limits, max_storage: 1499 } }), 1, 'of file storage left'],
    ['room for one replica only', account({ limits: { ...limits, max_storage: 3499 } }), 3, 'of file storage left'],
    ['a tier for its replicas', account({ tiers: { R3: { ...account({ limits: { ...limits, max_storage: 1500 } }) } } }), 3, 'ok'],
  ])('with %s', (_, of, replicas, text) => {
    const { status, found: said } = toBeCreated('S', { ...wanted, replicas }, { account: of, isClustered: true });
    if (text === 'ok') expect(status).toBe('ok');
    else expect(said).toContain(text);
  });

  it('needs a cluster for replicas', () => {
    expect(toBeCreated('S', { ...wanted, replicas: 3 }, { account: account(), isClustered: false }).found).toContain(
      '3 replicas need a cluster',
    );
  });
});
