import { nativeTool } from '../../bench/storm/build.ts';
import { runCommand } from './run-command.ts';

/**
 * Whether the kernel sends process events at all right now: true while any program listens, or after one closed without IGNORE.
 * Asks without becoming a listener. Needs CAP_NET_ADMIN before Linux 6.6.
 */
export async function somebodyListens({ waitMs = 200 } = {}): Promise<boolean> {
  const { code, stdout, stderr } = await runCommand(await nativeTool('silent-member'), [String(waitMs)]);
  if (code !== 0) throw new Error(`silent-member ended with ${code}: ${stderr.trim()}`);
  return (JSON.parse(stdout) as { heard: boolean }).heard;
}
