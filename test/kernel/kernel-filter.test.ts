import { release } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { openLibc } from '../../src/ingest/native/ffi.ts';
import { attachFilter, filterMechanism, filterProgram, maskOf } from '../../src/ingest/proc-connector/kernel-filter.ts';
import { DropCounter } from '../../src/ingest/proc-connector/drops.ts';
import { Op, What, controlMessage } from '../../src/ingest/proc-connector/wire.ts';
import { ConnectorListener } from '../helpers/connector-listener.ts';

const libc = openLibc();

async function listener(): Promise<ConnectorListener> {
  const heard = new ConnectorListener(libc);
  onTestFinished(() => heard.close());
  await heard.subscribe();
  return heard;
}

/** Kinds heard while children live and die; a first one marks where the filter is in force. */
async function kindsHeard(from: ConnectorListener): Promise<{ kinds: Set<number>; children: number[] }> {
  await from.hearChild(What.EXEC);
  from.clear();
  const children = [];
  for (let i = 0; i < 5; i += 1) children.push(await from.hearChild(What.EXEC));
  from.receive();
  return { kinds: new Set(from.heard.map(({ what }) => what)), children };
}

const narrow = {
  bpf: ({ fd }: ConnectorListener): void => attachFilter(libc, fd, filterProgram(maskOf(['EXEC']))),
  mask: ({ fd }: ConnectorListener): void => {
    expect(libc.send(fd, controlMessage(Op.LISTEN, 1, maskOf(['EXEC']))).value).toBe(44);
  },
};
/** A program can be attached on any kernel; the mask is not understood by all. */
const mechanisms = filterMechanism(release()) === 'mask' ? (['bpf', 'mask'] as const) : (['bpf'] as const);

test('without a filter a child is heard from FORK to EXIT', async () => {
  const { kinds } = await kindsHeard(await listener());
  expect([...kinds]).toEqual(expect.arrayContaining([What.FORK, What.EXEC, What.EXIT]));
});

test.each(mechanisms)('filtered by %s, its EXEC alone is heard', async (mechanism) => {
  const heard = await listener();
  narrow[mechanism](heard);
  const { kinds, children } = await kindsHeard(heard);
  kinds.delete(What.NONE);
  expect([...kinds]).toEqual([What.EXEC]);
  for (const pid of children) expect(heard.heard).toContainEqual({ what: What.EXEC, tgid: pid });
});

test.each(mechanisms)('what %s keeps back is not counted as dropped', async (mechanism) => {
  const heard = await listener();
  const drops = new DropCounter(libc);
  narrow[mechanism](heard);
  await kindsHeard(heard);
  expect(drops.read(heard.fd)).toBe(0);
});

test('a program lets the confirmation of a subscription through', async () => {
  const heard = new ConnectorListener(libc);
  onTestFinished(() => heard.close());
  attachFilter(libc, heard.fd, filterProgram(maskOf(['EXEC'])));
  await heard.subscribe();
  expect((await kindsHeard(heard)).kinds.has(What.FORK)).toBe(false);
});
