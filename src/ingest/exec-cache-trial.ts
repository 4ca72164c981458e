import { Worker } from 'node:worker_threads';
import type { ExecCache } from './capture/bpf/exec-cache.ts';
import type { Feature } from './capture/bpf/programs.ts';
import type { Unavailable } from './capture/bpf/unavailable.ts';
import { foreignNamespace, notFrom } from './proc-connector/foreign-namespace.ts';

/** What came of loading the programs and starting them: what they record, and what this kernel does not give; or why they cannot be. */
export type ExecCacheTrial = Unavailable | { readonly features: readonly Feature[]; readonly missing: readonly MissingFeature[] };
export type MissingFeature = Unavailable & { readonly feature: Feature };

/** Opens the exec cache for a moment, in a thread of its own, and leaves nothing behind; no other thread may make native calls meanwhile. */
export async function tryExecCache(): Promise<ExecCacheTrial> {
  const foreign = foreignNamespace();
  if (foreign !== null) return { reason: notFrom(foreign).message, fix: `run the agent in the ${foreign} namespace of the host` };
  // The main thread has to load the addon before any other does, or the process ends with SIGSEGV.
  const { resolveLibc } = await import('./native/ffi.ts');
  const { resolveLibbpf } = await import('./native/libbpf.ts');
  resolveLibc();
  resolveLibbpf();
  const entry = new URL(import.meta.url.endsWith('.ts') ? './trial-worker.ts' : './trial-worker.js', import.meta.url);
  const worker = new Worker(entry, { name: 'forkcast-trial' });
  const { promise, resolve, reject } = Promise.withResolvers<ExecCacheTrial>();
  let trial: ExecCacheTrial | undefined;
  worker.on('message', (outcome: ExecCacheTrial) => void (trial = outcome));
  worker.on('error', reject);
  // Not before it has ended: until then it may still call.
  worker.on('exit', (code) => (trial === undefined ? reject(new Error(`the trial ended with code ${code}`)) : resolve(trial)));
  return promise;
}

/** What was opened is closed. */
export function endTrial(opened: ExecCache | Unavailable): ExecCacheTrial {
  if ('reason' in opened) return opened;
  const { features, missing } = opened;
  opened.close();
  return { features, missing };
}
