import { describe, expect, test } from 'vitest';
import { AgentProcess } from '../helpers/agent-process.ts';
import { NOBODY, isRoot, ordinaryUserDir, programForOrdinaryUser } from '../helpers/ordinary-user.ts';
import { spawnKnown } from '../helpers/spawn-known.ts';

describe('as an ordinary user', () => {
  test('everything is heard, what needs a capability is said in START and marked on the event', async () => {
    const dir = await ordinaryUserDir();
    const program = await programForOrdinaryUser(dir);
    const agent = new AgentProcess({ dir, program, ...(isRoot ? { uid: NOBODY } : {}) });
    await agent.ready();
    const known = await spawnKnown({ liveMs: 300, exitCode: 3 });
    await known.ended;
    expect((await agent.stop()).code).toBe(0);
    const events = (await agent.events()).filter((event) => event.process.pid === known.pid);
    expect(events.map((event) => event.kind)).toEqual(['FORK', 'EXEC', 'EXIT']);
    expect(events[1]?.process.args).toEqual(known.argv);
    expect(events[2]?.exit?.code).toBe(3);
    const start = (await agent.agentEvents())[0]?.start;
    const degraded = start?.degraded.map(({ feature }) => feature) ?? [];
    expect(degraded).toContain('receive_buffer');
    if (isRoot) {
      expect(events[1]?.provenance).toMatchObject({ exe: 'MISSING', missing_errno: 13 });
      expect(degraded).toContain('exe');
    }
  });
});
