import { expect, test } from 'vitest';
import { runStorm } from '../../bench/storm/storm.ts';
import type { AnyEvent } from '../../src/core/any-event.ts';
import { createEcsEncoder } from '../../src/encode/ecs/ecs.ts';
import { createOcsfEncoder } from '../../src/encode/ocsf/ocsf.ts';
import { OCSF_VERSIONS } from '../../src/core/record-formats.ts';
import { AgentProcess, FORKCAST } from '../helpers/agent-process.ts';
import { drained } from '../helpers/connector-socket.ts';
import { ecsViolations } from '../helpers/ecs-validator.ts';
import { ocsfViolations } from '../helpers/ocsf-validator.ts';
import { isRoot } from '../helpers/ordinary-user.ts';
import { runCommand } from '../helpers/run-command.ts';
import { parseStrictly } from '../helpers/strict-json.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const WANTED = 10_000;

/** What is wrong with an event in any view; the same is said once for all events. */
function createJudge(): { readonly faults: Set<string>; judge(event: AnyEvent): void } {
  const faults = new Set<string>();
  const ecs = createEcsEncoder();
  const ocsf = OCSF_VERSIONS.map((version) => ({ version, encoder: createOcsfEncoder({ version }) }));
  const note = (view: string, found: readonly string[]): void => found.forEach((fault) => void faults.add(`${view}: ${fault}`));
  const judge = (event: AnyEvent): void => {
    note('ecs', ecsViolations(parseStrictly(ecs.encode(event).bytes)));
    for (const { version, encoder } of ocsf) note(version, ocsfViolations(parseStrictly(encoder.encode(event).bytes), version));
  };
  return { faults, judge };
}

test.runIf(isRoot)('10,000 events of the live kernel are valid by ECS and by every version of OCSF', async () => {
  const agent = new AgentProcess({ dir: await tempDir(), set: ['source.threads=true', 'sinks.disk.queue.when_full=block'] });
  await agent.ready();
  await runStorm({ mode: 'exec', rate: 5000, count: 3000 });
  await runStorm({ mode: 'fork', rate: 5000, count: 1000 });
  await drained(agent);
  expect(await agent.stop()).toMatchObject({ code: 0 });
  const { faults, judge } = createJudge();
  let count = 0;
  const kinds = new Set<string>();
  await agent.visit('process', (event) => {
    count += 1;
    kinds.add(event.kind);
    judge({ stream: 'process', event });
  });
  await agent.visit('agent', (event) => {
    kinds.add(event.kind);
    judge({ stream: 'agent', event });
  });
  expect([...faults]).toEqual([]);
  expect(count).toBeGreaterThanOrEqual(WANTED);
  expect([...kinds]).toEqual(expect.arrayContaining(['FORK', 'EXEC', 'EXIT', 'SNAPSHOT', 'START', 'CHECKPOINT', 'STOP']));
  expect(await printed(await agent.files(/^agent-.*\.avro$/))).toEqual([]);
});

/** What is wrong with what the built command prints. */
async function printed(files: readonly string[]): Promise<string[]> {
  const { code, stdout } = await runCommand(FORKCAST, ['decode', '--format', 'ocsf', '--ocsf-version', '1.5.0', ...files]);
  const lines = stdout.split('\n').filter((line) => line !== '');
  if (code !== 0 || lines.length === 0) return [`decode ended with ${code} and ${lines.length} lines`];
  return lines.flatMap((line) => ocsfViolations(parseStrictly(Buffer.from(line)), '1.5.0'));
}
