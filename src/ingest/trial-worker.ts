import { parentPort } from 'node:worker_threads';
import { ExecCache } from './capture/bpf/exec-cache.ts';
import { endTrial } from './exec-cache-trial.ts';
import { openLibbpf } from './native/libbpf.ts';

/** What a run would ask for matters to the programs only in numbers. */
const MAX_ARGS_BYTES = 32 << 10;

parentPort?.postMessage(endTrial(ExecCache.open(openLibbpf(), { maxArgsBytes: MAX_ARGS_BYTES })));
