import { describe, expect, it, vi } from 'vitest';
import { binaryOf, chooseBinary, chooseNats } from '../../../helpers/nats/server-binary.ts';
import type { Surroundings } from '../../../helpers/nats/server-binary.ts';

const RECENT = 'nats-server: v2.10.0\n';
const GO = 'go version go1.26.8 linux/amd64\n';

/** `programs`: what each that there is answers. */
function surroundings(given: { asked?: string; programs?: Record<string, string>; isBuilt?: boolean }): Surroundings {
  const { asked, programs = {}, isBuilt = false } = given;
  return {
    env: asked === undefined ? {} : { FORKCAST_TEST_NATS: asked },
    versionOf: vi.fn((program: string) => Promise.resolve(programs[program])),
    isBuilt: () => isBuilt,
  };
}

describe('the server of tests that any one server will do for', () => {
  it.each(['nats://nats-1.example:4222', 'nats://me:secret@10.0.0.1:4222'])('is %s where FORKCAST_TEST_NATS says so', async (asked) => {
    const around = surroundings({ asked, programs: { 'nats-server': RECENT } });
    expect(await chooseNats(around)).toEqual({ kind: 'given', url: asked });
    expect(around.versionOf).not.toHaveBeenCalled();
  });

  it('is of the program that tests have which start their own', async () => {
    expect(await chooseNats(surroundings({ programs: { 'nats-server': RECENT } }))).toEqual({ kind: 'binary', path: 'nats-server' });
  });
});

describe('the nats-server that tests start', () => {
  it('is the one that FORKCAST_TEST_NATS names', async () => {
    const around = surroundings({ asked: '/opt/nats-server', programs: { '/opt/nats-server': RECENT, 'nats-server': RECENT } });
    expect(await chooseBinary(around)).toEqual({ kind: 'binary', path: '/opt/nats-server' });
  });

  it.each(['localhost:4222', 'nats://localhost', 'http://localhost:8222', '/opt/other'])(
    'is not looked for where that is %s',
    async (asked) => {
      const around = surroundings({ asked, programs: { '/opt/other': 'nats-server: v2.9.25', 'nats-server': RECENT } });
      await expect(chooseBinary(around)).rejects.toThrow(`FORKCAST_TEST_NATS is ${asked}`);
      await expect(chooseNats(around)).rejects.toThrow(`FORKCAST_TEST_NATS is ${asked}`);
    },
  );

  it('is the one in PATH, though another server runs', async () => {
    const around = surroundings({ asked: 'nats://localhost:4222', programs: { 'nats-server': RECENT, go: GO } });
    expect(await chooseBinary(around)).toEqual({ kind: 'binary', path: 'nats-server' });
  });

  it.each(['nats-server: v2.9.10', 'nats-server version 1.4.1', ''])('is built where the one in PATH says "%s"', async (version) => {
    expect(await chooseBinary(surroundings({ programs: { 'nats-server': version, go: GO } }))).toEqual({ kind: 'build' });
  });

  it('has been built already where there is no Go any more', async () => {
    expect(await chooseBinary(surroundings({ isBuilt: true }))).toEqual({ kind: 'build' });
  });

  it('is not to be had without Go, and it is said why', async () => {
    const choice = await chooseBinary(surroundings({}));
    expect(choice.kind).toBe('none');
    await expect(binaryOf(choice)).rejects.toThrow(/^neither nats-server nor go in PATH: install/);
  });

  it('is not to be had with a Go that cannot fetch a later one', async () => {
    const choice = await chooseBinary(surroundings({ programs: { go: 'go version go1.19.8 linux/amd64' } }));
    expect(choice.kind).toBe('none');
    await expect(binaryOf(choice)).rejects.toThrow('go is too old (go version go1.19.8 linux/amd64)');
  });
});
