import { expect, test } from 'vitest';
import { nativeTool } from '../../bench/storm/build.ts';
import { startStorm } from '../../bench/storm/storm.ts';
import { AgentProcess } from '../helpers/agent-process.ts';
import { connectorSockets, drained } from '../helpers/connector-socket.ts';
import { startKernelTotal } from '../helpers/kernel-total.ts';
import { isRoot } from '../helpers/ordinary-user.ts';
import { expectExact, reckon } from '../helpers/reckoning.ts';
import { runCommand } from '../helpers/run-command.ts';
import { spawnKnown } from '../helpers/spawn-known.ts';
import { CPUS } from '../helpers/storm-cpus.ts';
import { tempDir } from '../helpers/temp-dir.ts';

test.runIf(isRoot)(
  'forged messages in the middle of a storm are dropped and counted, and the stream goes on (netlink ends there)',
  async () => {
    const agent = new AgentProcess({ dir: await tempDir(), set: ['source.threads=true', 'sinks.disk.queue.when_full=block'] });
    await agent.ready();
    const oracle = await startKernelTotal();
    try {
      await oracle.mark();
      const storm = await startStorm({ mode: 'fork', rate: 20_000, seconds: 60, cpus: CPUS.slice(-1) });
      const victim = await spawnKnown({ liveMs: 60_000 });
      const [socket] = await connectorSockets(agent.pid);
      const forged = await runCommand(await nativeTool('forge'), [String(socket?.port), String(victim.pid), '500']);
      expect(forged).toMatchObject({ code: 0, stderr: '', stdout: '{"sent":3000}\n' });
      victim.kill('SIGTERM');
      await victim.ended;
      storm.stop();
      await storm.report;
      await drained(agent);
      const window = await oracle.mark();
      await drained(agent);
      const { code, stderr } = await agent.stop();
      expect(code).toBe(0);
      expect(stderr).toMatch(/ignored +3,000 messages not from the kernel/);
      const reckoning = await reckon(agent, window);
      expect(reckoning.lost).toBe(0);
      await expectExact(agent, reckoning);
      const told = (await agent.events()).filter(({ process }) => process.pid === victim.pid);
      expect(told.map(({ kind }) => kind)).toEqual(['FORK', 'EXEC', 'EXIT']);
      expect(told.at(-1)?.exit).toMatchObject({ signal_name: 'SIGTERM' });
    } finally {
      await oracle.close();
    }
  },
);
