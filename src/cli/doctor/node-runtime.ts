import { escapeText } from '../../core/text.ts';
import { ok } from './finding.ts';
import type { Check } from './finding.ts';

/** The oldest Node whose interfaces this code may use. */
const OLDEST = [22, 22] as const;

/** `version` as in process.version, `execPath` of the running Node. */
export function checkNode(version: string, execPath: string): Check {
  const [, major = '0', minor = '0'] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
  const origin = /node_modules\/(node|node-linux-[a-z0-9]+)\//.test(execPath) ? 'installed with forkcast' : 'of the system';
  const found = `${version}, ${origin} (${escapeText(execPath)})`;
  const recent = Number(major) > OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1]);
  if (recent) return ok('node', found);
  return {
    name: 'node',
    status: 'failed',
    found,
    consequence: `forkcast needs Node ${OLDEST.join('.')} or newer`,
    fix: 'start it with bin/forkcast, which finds the right one, or install a newer Node',
  };
}
