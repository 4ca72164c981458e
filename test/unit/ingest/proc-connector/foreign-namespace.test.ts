import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { foreignNamespace, notFrom } from '../../../../src/ingest/proc-connector/foreign-namespace.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

/** A folder like /proc/self/ns. */
async function namespaces(links: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(await tempDir(), 'ns');
  await mkdir(folder);
  for (const [name, target] of Object.entries(links)) await symlink(target, join(folder, name));
  return folder;
}

test.each([
  ['pid:[4026531836]', 'user:[4026531837]', null],
  ['pid:[4026532201]', 'user:[4026531837]', 'pid'],
  ['pid:[4026531836]', 'user:[4026532200]', 'user'],
  ['pid:[4026532201]', 'user:[4026532200]', 'pid'],
] as const)('%s and %s: %s', async (pid, user, expected) => {
  expect(foreignNamespace(await namespaces({ pid, user }))).toBe(expected);
});

test('where it cannot be told the kernel is asked', async () => {
  expect(foreignNamespace(await namespaces({}))).toBeNull();
  expect(foreignNamespace(join(await tempDir(), 'nowhere'))).toBeNull();
});

test.each([
  ['pid', '--pid=host'],
  ['user', '--userns=host'],
] as const)('in another %s namespace the way out is named', (kind, wayOut) => {
  const { code, message, fix } = notFrom(kind);
  expect(code).toBe('NETLINK_NAMESPACE');
  expect(message).toContain(`initial ${kind} namespace`);
  expect(fix).toContain(wayOut);
});
