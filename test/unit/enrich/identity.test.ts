import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createRunIdentity, hostIdOf, loadRunIdentity, newAgentId, parseId } from '../../../src/enrich/identity.ts';
import { AGENT_ID, BOOT_ID } from './fixtures.ts';

const MACHINE = '0123456789abcdef0123456789abcdef';
const BOOT = '11111111-2222-4333-8444-555555555555';
const parts = { agentId: AGENT_ID, bootId: BOOT_ID, hostname: 'h', labels: { env: 'prod' } };

describe('host id', () => {
  it('is a version 4 UUID that does not show the machine id', () => {
    const machineId = Buffer.from(MACHINE, 'hex');
    const id = hostIdOf(machineId);
    const expected = createHmac('sha256', machineId)
      .update(Buffer.from('6f0d8a4ce1b74b3f9c52d07e35a8f416', 'hex'))
      .digest()
      .subarray(0, 16);
    expected[6] = ((expected[6] ?? 0) & 0x0f) | 0x40;
    expected[8] = ((expected[8] ?? 0) & 0x3f) | 0x80;
    expect(id).toEqual(expected);
    expect(id.equals(machineId)).toBe(false);
  });

  it('stays the same for ever', () => {
    expect(hostIdOf(Buffer.from(MACHINE, 'hex')).toString('hex')).toBe('2ad69d80c3f3453e849bd73b4c3b2fcf');
  });

  it('comes from the boot id on a machine without an id of its own', () => {
    expect(createRunIdentity({ ...parts, machineId: null }).hostId).toEqual(hostIdOf(BOOT_ID));
  });
});

describe('host records', () => {
  it('carry labels for the kinds that show them, and are frozen', () => {
    const identity = createRunIdentity({ ...parts, machineId: null });
    expect(identity.host.labels).toBeNull();
    expect(identity.labelledHost.labels).toEqual({ env: 'prod' });
    expect([identity.host, identity.labelledHost, identity.labelledHost.labels].every((part) => Object.isFrozen(part))).toBe(true);
  });

  it('carry none where none are configured', () => {
    expect(createRunIdentity({ ...parts, labels: {}, machineId: null }).labelledHost.labels).toBeNull();
  });
});

describe('loadRunIdentity', () => {
  const files = (content: Record<string, string>) => (path: string) => content[path];
  const boot = { '/proc/sys/kernel/random/boot_id': `${BOOT}\n` };
  const load = (content: Record<string, string>) => loadRunIdentity({}, files({ ...boot, ...content }));

  it('reads machine and boot id, and names the run at random', () => {
    const identity = load({ '/etc/machine-id': `${MACHINE}\n` });
    expect(identity.hostId).toEqual(hostIdOf(Buffer.from(MACHINE, 'hex')));
    expect(identity.bootId.toString('hex')).toBe(BOOT.replaceAll('-', ''));
    expect(identity.agentId.equals(load({}).agentId)).toBe(false);
  });

  it('falls back to the machine id of D-Bus, then to the boot id', () => {
    const fallback = load({ '/etc/machine-id': 'uninitialized\n', '/var/lib/dbus/machine-id': MACHINE });
    expect(fallback.hostId).toEqual(hostIdOf(Buffer.from(MACHINE, 'hex')));
    expect(load({}).hostId).toEqual(hostIdOf(Buffer.from(BOOT.replaceAll('-', ''), 'hex')));
  });

  it('fails with the path where there is no boot id', () => {
    expect(() => loadRunIdentity({}, files({}))).toThrow(/\/proc\/sys\/kernel\/random\/boot_id/);
  });

  it('works on this machine', () => {
    expect(loadRunIdentity({}).hostId).toHaveLength(16);
  });
});

describe('ids', () => {
  it('of a run are version 4 UUIDs', () => {
    const id = newAgentId();
    expect([id.length, (id[6] ?? 0) >> 4, (id[8] ?? 0) >> 6]).toEqual([16, 4, 2]);
  });

  it.each([undefined, '', 'uninitialized', '0'.repeat(32), 'f'.repeat(31)])('are not made of %j', (text) => {
    expect(parseId(text)).toBeNull();
  });
});
