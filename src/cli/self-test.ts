import { asAgentError } from '../core/errors.ts';
import { ProcConnectorSource } from '../ingest/proc-connector/source.ts';
import type { SelfTestResult } from './actions.ts';

const BOOT_TIMEOUT_MS = 8000;

/** Subscribes, forks a child and waits for its events; leaves no subscription behind. */
export async function selfTest(): Promise<SelfTestResult> {
  const source = new ProcConnectorSource({ receiveBufferBytes: 1 << 20, maxArgsBytes: 4096 });
  const reading = new AbortController();
  try {
    await source.open(AbortSignal.timeout(BOOT_TIMEOUT_MS));
    const drained = drain(source, reading.signal);
    const result = await source.selfTest();
    await source.close();
    await drained;
    if (result === 'passed') return { ok: true, reason: 'subscribed; the fork and the exit of a child were heard', fix: null };
    if (result === 'unconfirmed')
      return { ok: true, reason: 'subscribed; events are heard, the child’s own were among those lost', fix: null };
    return {
      ok: false,
      reason: 'the subscription was accepted, but no event arrives',
      fix: 'use a kernel built with CONFIG_PROC_EVENTS=y',
    };
  } catch (thrown) {
    const { message, fix } = asAgentError(thrown);
    await source.close();
    return { ok: false, reason: message, fix: fix ?? null };
  } finally {
    reading.abort();
  }
}

async function drain(source: ProcConnectorSource, signal: AbortSignal): Promise<void> {
  while ((await source.read(signal)) !== undefined);
}
