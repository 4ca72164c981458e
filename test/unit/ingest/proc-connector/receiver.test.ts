import { describe, expect, test } from 'vitest';
import { What } from '../../../../src/ingest/proc-connector/wire.ts';
import { fork, play } from './played-reader.ts';
import { datagram } from './vectors.ts';

const ENOBUFS = 105;

describe('the stream', () => {
  test('a foreign sender is dropped and counted, and the stream goes on (netlink: one ends it)', () => {
    const { run, heard, control } = play([[fork(2), { ...fork(999), sender: 4711 }, fork(3)]]);
    run();
    expect(heard().map((h) => 'kernelSeq' in h && h.kernelSeq)).toEqual([2, 3]);
    expect(control.counts).toMatchObject({ foreign: 1, malformed: 0 });
  });

  test('oversized and short datagrams are dropped and counted', () => {
    const { run, heard, control } = play([
      [{ bytes: Buffer.concat([fork(2).bytes, Buffer.alloc(8)]) }, { bytes: fork(2).bytes.subarray(0, 40) }, fork(2)],
    ]);
    run();
    expect(heard()).toHaveLength(1);
    expect(control.counts.malformed).toBe(2);
  });

  test('a gap comes before the event that shows it, with exact numbers', () => {
    const { run, heard } = play([[fork(2), fork(7)]]);
    run();
    expect(heard().map((h) => h.kind)).toEqual(['FORK', 'LOSS', 'FORK']);
    expect(heard()[1]).toMatchObject({ cpu: 0, fromSeq: 3, toSeq: 6, count: 4 });
  });

  test('what the socket dropped beyond the gaps is lost too, on a CPU nobody knows (gaps miss the tail)', () => {
    const { run, heard } = play([[fork(2), fork(5)]], { drops: 9 });
    run();
    expect(heard().at(-1)).toMatchObject({ kind: 'LOSS', cpu: null, fromSeq: null, toSeq: null, count: 7 });
  });

  test('ENOBUFS is counted and survived (netlink and DataDog stop there)', () => {
    const { run, heard, control } = play([ENOBUFS, [fork(2)]]);
    run();
    expect(heard()).toHaveLength(1);
    expect(control.counts.overruns).toBe(1);
  });

  test('acknowledgements of others in mid-stream are counted, not events', () => {
    const { run, heard, frames } = play([[fork(2), { bytes: datagram({ what: What.NONE, seq: 3, ack: 77 }) }, fork(4)]]);
    run();
    expect(heard().map((h) => h.kind)).toEqual(['FORK', 'FORK']);
    expect(frames.tally).toMatchObject({ events: 2, acks: 2, unknown: 0 });
  });

  test('an unknown kind is counted', () => {
    const { run, frames } = play([[{ bytes: datagram({ what: 0x400, seq: 2 }) }]]);
    run();
    expect(frames.tally.unknown).toBe(1);
  });

  test('an exec brings its capture; a process that is gone brings errno and no exception', () => {
    const me = process.pid;
    const { run, heard } = play([
      [
        { bytes: datagram({ what: What.EXEC, seq: 2, words: [me, me] }) },
        { bytes: datagram({ what: What.EXEC, seq: 3, words: [4194303, 4194303] }) },
      ],
    ]);
    run();
    const [mine, gone] = heard();
    expect(mine?.kind === 'EXEC' && Buffer.isBuffer(mine.capture?.stat)).toBe(true);
    expect(gone?.kind === 'EXEC' && gone.capture).toMatchObject({ cmdline: 2, exe: 2, stat: 2 });
  });

  test('a batch whose captures do not fit before the end of the ring is split and stays whole and in order', () => {
    const me = process.pid;
    let seq = 1;
    const batches = Array.from({ length: 8 }, () =>
      Array.from({ length: 60 }, () => ({ bytes: datagram({ what: What.EXEC, seq: (seq += 1), words: [me, me] }) })),
    );
    const { run, heard, frameCount } = play(batches, { ring: 1 << 19 });
    run();
    expect(heard().map((h) => 'kernelSeq' in h && h.kernelSeq)).toEqual(batches.flat().map((_m, i) => i + 2));
    for (const h of heard()) expect(h.kind === 'EXEC' && Buffer.isBuffer(h.capture?.stat)).toBe(true);
    // One frame for the acknowledgement and one a batch would be nine.
    expect(frameCount()).toBeGreaterThan(9);
  });
});
