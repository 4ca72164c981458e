import type { ReaderConfig } from '../../../../src/ingest/proc-connector/reader.ts';
import { ExecCache } from '../../../../src/ingest/capture/bpf/exec-cache.ts';
import { What } from '../../../../src/ingest/proc-connector/wire.ts';
import { FakeBpf } from '../../../helpers/fake-bpf.ts';
import type { FakeBpfRing } from '../../../helpers/fake-bpf.ts';
import { cacheOptions } from '../../../helpers/fake-exec-cache.ts';
import type { FakeMessage, FakeReceive } from '../../../helpers/fake-libc.ts';
import { play } from './played-reader.ts';
import { datagram } from './vectors.ts';

/** No process has this pid: what is known of it is of records. */
export const PID = 4_194_303;
export const NS = 5_000_000_000;

export function message(what: number, ns: number, words: readonly number[]): FakeMessage {
  return { bytes: datagram({ what, ns: BigInt(ns), words, seq: ns - NS + 2 }) };
}
export const fork = (ns: number): FakeMessage => message(What.FORK, ns, [1, 1, PID, PID]);
export const exec = (ns: number): FakeMessage => message(What.EXEC, ns, [PID, PID]);
export const exit = (ns: number, pid = PID): FakeMessage => message(What.EXIT, ns, [pid, pid, 0, 17, 1, 1]);

/** A reader with an exec cache whose ring is filled by `record` at each poll. */
export async function recorded(
  script: readonly FakeReceive[],
  { record, config = {} }: { record?: (ring: FakeBpfRing, poll: number, cgroups: FakeBpfRing) => void; config?: Partial<ReaderConfig> },
) {
  const bpf = new FakeBpf();
  const options = await cacheOptions();
  let polls = 0;
  const played = play(script, {
    config: { execCache: 'auto', ...config },
    openExecCache: () => {
      const cache = ExecCache.open(bpf, options);
      if ('reason' in cache) return cache;
      const poll = cache.poll.bind(cache);
      cache.poll = () => {
        record?.(bpf.rings['processes'] as FakeBpfRing, (polls += 1), bpf.rings['cgroups'] as FakeBpfRing);
        poll();
      };
      return cache;
    },
  });
  return { ...played, bpf, heard: () => played.heard().filter(({ kind }) => kind !== 'LOSS') };
}

/** The poll of the batch: the first one is of the answer to the subscription. */
export const BATCH = 2;
