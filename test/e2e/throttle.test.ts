import { describe, expect, test } from 'vitest';
import { AgentProcess } from '../helpers/agent-process.ts';
import type { PrintedAgentEvent } from '../helpers/agent-process.ts';
import { spawnKnown } from '../helpers/spawn-known.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const reports = (events: readonly object[]) =>
  (events as PrintedAgentEvent[]).flatMap(({ throttle }) => (throttle === undefined ? [] : [throttle]));

describe('a throttle', () => {
  test('tells what it counted though nothing more is heard, and at the end the rest: exactly what the ledger says', async () => {
    const first = await spawnKnown();
    await first.ended;
    // All else is filtered out, so that for the throttle the host falls silent.
    const set = [`enrich.filter=[{include: {exe: ${first.exe}}}]`, 'enrich.throttle={by: exe, rate: 1, burst: 1, report_every: 1s}'];
    const agent = new AgentProcess({ dir: await tempDir(), telling: true, set });
    await agent.ready();
    for (let i = 0; i < 5; i++) await (await spawnKnown({ liveMs: 50 })).ended;
    await waitFor(() => reports(agent.told()).length > 0, { what: 'a report without an event', timeoutMs: 20_000 });
    for (let i = 0; i < 5; i++) await (await spawnKnown({ liveMs: 50 })).ended;
    expect((await agent.stop()).code).toBe(0);

    const events = await agent.agentEvents();
    const told = reports(events);
    expect(new Set(told.map(({ key }) => key))).toEqual(new Set([`exe:${first.exe}`]));
    const sum = told.reduce((total, { count }) => total + count, 0);
    expect(sum).toBeGreaterThan(10);
    expect(events.find(({ kind }) => kind === 'STOP')?.stop?.upstream.throttled).toBe(sum);
    const published = (await agent.events()).filter(({ kind, process }) => kind !== 'SNAPSHOT' && process.exe === first.exe);
    expect(sum + published.length).toBe(20);
  });
});
