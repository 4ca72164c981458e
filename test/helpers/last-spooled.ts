import { inspectSpool } from '../../src/queue/spool/inspect.ts';
import { nodeFs } from '../../src/queue/spool/node-fs.ts';

/** The last event of each run that a spool holds, by the run. */
export async function lastSpooled(spool: string): Promise<Map<string, number>> {
  const { segments } = await inspectSpool(nodeFs, spool);
  const last = new Map<string, number>();
  for (const { header, highest } of segments)
    if (header !== undefined) last.set(header.agent_id, Math.max(last.get(header.agent_id) ?? 0, highest));
  return last;
}
