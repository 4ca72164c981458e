import { expect } from 'vitest';
import type { RunRecord } from '../../src/agent/run-record.ts';
import type { AgentProcess } from './agent-process.ts';

/** Stops an agent with one sink, which must have delivered all that it accepted. */
export async function stopWhole(agent: AgentProcess): Promise<RunRecord> {
  const { code, stderr } = await agent.stop();
  expect(code, stderr).toBe(0);
  const record = await agent.record();
  const [siem] = record.sinks;
  expect(siem).toMatchObject({ dropped: {}, lost: {}, deadLettered: 0, waiting: 0, accepted: siem?.lastAccepted });
  expect(siem?.delivered).toBe((siem?.accepted ?? 0) + (siem?.takenOver ?? 0));
  return record;
}

/** The last sequence that a run with one sink gave to it. */
export function lastOf({ sinks }: RunRecord): number {
  return sinks[0]?.lastAccepted ?? 0;
}
