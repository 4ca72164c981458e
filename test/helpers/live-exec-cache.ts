import { onTestFinished } from 'vitest';
import { ExecCache } from '../../src/ingest/capture/bpf/exec-cache.ts';
import type { ExecCacheOptions } from '../../src/ingest/capture/bpf/exec-cache.ts';
import { obstacle } from '../../src/ingest/capture/bpf/unavailable.ts';
import { openLibc } from '../../src/ingest/native/ffi.ts';
import { openLibbpf } from '../../src/ingest/native/libbpf.ts';
import { RecordListener } from './record-listener.ts';

const libc = openLibc();
const libbpf = openLibbpf();

/** What this machine lacks for an exec cache is a reason not to test it; that one which could be opened is not, is a failure. */
export const hasExecCache = !('missing' in libbpf) && obstacle() === undefined;

/** An exec cache of the live kernel, closed when the running test ends. */
export function openCache(options: Partial<ExecCacheOptions> = {}): ExecCache {
  const cache = ExecCache.open(libbpf, { maxArgsBytes: 32 << 10, ...options });
  if ('reason' in cache) throw new Error(`${cache.reason}: ${cache.fix}`);
  onTestFinished(() => cache.close());
  return cache;
}

/** A subscription whose events get their records from the cache, undone when the running test ends. */
export async function listenWith(cache = openCache()): Promise<RecordListener> {
  const listener = new RecordListener(libc, cache);
  onTestFinished(() => listener.close());
  await listener.subscribe();
  return listener;
}
