import { expect, it, vi } from 'vitest';
import { selfTest } from '../../../src/cli/self-test.ts';
import type { TestedSource } from '../../../src/cli/self-test.ts';
import { AgentError } from '../../../src/core/errors.ts';

type Parts = Partial<Pick<TestedSource, 'open' | 'read' | 'selfTest'>>;

/** Reads until it is closed, unless told otherwise. Records what is called and when closing is over. */
function source(parts: Parts): { source: TestedSource; calls: string[] } {
  const calls: string[] = [];
  const closed = Promise.withResolvers<undefined>();
  const close = async (): Promise<void> => {
    await new Promise(setImmediate);
    calls.push('closed');
    closed.resolve(undefined);
  };
  const fake: TestedSource = {
    id: 'fake',
    open: () => Promise.resolve(),
    read: () => closed.promise,
    selfTest: () => Promise.resolve('passed'),
    ...parts,
    close,
  };
  return { source: fake, calls };
}

const forever = (): Promise<never> => new Promise(() => undefined);

it.each([
  ['passed', true],
  ['unconfirmed', true],
  ['deaf', false],
] as const)('%s: %s, and the source is closed', async (result, ok) => {
  const { source: fake, calls } = source({ selfTest: () => Promise.resolve(result) });
  expect(await selfTest(fake)).toMatchObject({ ok });
  expect(calls).toContain('closed');
});

it('says why reading failed, though the test itself never ends', async () => {
  const read = () => Promise.reject(new AgentError('NETLINK_SOCKET', 'the socket broke', { fix: 'mend it' }));
  const { source: fake, calls } = source({ read, selfTest: forever });
  expect(await selfTest(fake)).toEqual({ ok: false, reason: 'the socket broke', fix: 'mend it' });
  expect(calls).toContain('closed');
});

it('leaves no rejection to nobody when reading fails and the test with it', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  try {
    const late = Promise.withResolvers<never>();
    const { source: fake, calls } = source({ read: () => late.promise, selfTest: () => Promise.reject(new AgentError('BUG', 'dead')) });
    const result = selfTest(fake);
    await new Promise(setImmediate);
    late.reject(new AgentError('BUG', 'dead'));
    expect(await result).toMatchObject({ ok: false, reason: 'dead' });
    await new Promise(setImmediate);
    expect(calls).toContain('closed');
    expect(unhandled).not.toHaveBeenCalled();
  } finally {
    process.off('unhandledRejection', unhandled);
  }
});

it('closes what could not be opened', async () => {
  const { source: fake, calls } = source({ open: () => Promise.reject(new AgentError('NETLINK_PERMISSION', 'not allowed')) });
  expect(await selfTest(fake)).toEqual({ ok: false, reason: 'not allowed', fix: null });
  expect(calls).toEqual(['closed']);
});
