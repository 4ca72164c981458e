import { asAgentError } from '../core/errors.ts';
import type { Heard } from '../core/kernel-event.ts';
import type { Source } from '../core/component.ts';
import type { SelfTestResult as Verdict } from '../ingest/proc-connector/self-test.ts';
import { ProcConnectorSource } from '../ingest/proc-connector/source.ts';
import type { SelfTestResult } from './actions.ts';

const BOOT_TIMEOUT_MS = 8000;

export type TestedSource = Source<Heard> & Pick<ProcConnectorSource, 'selfTest'>;

/** Subscribes, forks a child and waits for its events; leaves no subscription behind. */
export async function selfTest(
  source: TestedSource = new ProcConnectorSource({ receiveBufferBytes: 1 << 20, maxArgsBytes: 4096, execCache: 'off' }),
): Promise<SelfTestResult> {
  try {
    return describe(await listen(source));
  } catch (thrown) {
    const { message, fix } = asAgentError(thrown);
    return { ok: false, reason: message, fix: fix ?? null };
  }
}

async function listen(source: TestedSource): Promise<Verdict> {
  const reading = new AbortController();
  try {
    await source.open(AbortSignal.timeout(BOOT_TIMEOUT_MS));
    const drained = drain(source, reading.signal);
    // Where reading fails, nothing is heard either: then that is the reason, and not that nothing arrives.
    const result = await Promise.race([source.selfTest(), drained.then(() => source.selfTest())]);
    await source.close();
    await drained;
    return result;
  } finally {
    await source.close();
    reading.abort();
  }
}

async function drain(source: TestedSource, signal: AbortSignal): Promise<void> {
  while ((await source.read(signal)) !== undefined);
}

function describe(result: Verdict): SelfTestResult {
  if (result === 'passed') return { ok: true, reason: 'subscribed; the fork and the exit of a child were heard', fix: null };
  if (result === 'unconfirmed')
    return { ok: true, reason: 'subscribed; events are heard, the child’s own were among those lost', fix: null };
  return {
    ok: false,
    reason: 'the subscription was accepted, but no event arrives',
    fix: 'use a kernel built with CONFIG_PROC_EVENTS=y',
  };
}
