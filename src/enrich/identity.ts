import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { AgentError } from '../core/errors.ts';
import type { Host, Uuid } from '../core/event.ts';

/**
 * Who speaks: one agent run on one boot of one host. The two `Host` records are made once and passed by reference in every event, so that
 * encoders can splice what they encoded before.
 */
export interface RunIdentity {
  readonly agentId: Uuid;
  readonly hostId: Uuid;
  readonly bootId: Uuid;
  readonly hostname: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Without labels: for all kinds but EXEC and SNAPSHOT. */
  readonly host: Host;
  readonly labelledHost: Host;
}

export interface IdentityParts {
  readonly agentId: Uuid;
  /** 16 bytes; null where the machine has none, and the boot id stands in: such a host is a new one after each boot. */
  readonly machineId: Buffer | null;
  readonly bootId: Uuid;
  readonly hostname: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** forkcast's application id, drawn once at random. Changing it renames every host of every user. */
const APPLICATION_ID = Buffer.from('6f0d8a4ce1b74b3f9c52d07e35a8f416', 'hex');
const MACHINE_ID_PATHS = ['/etc/machine-id', '/var/lib/dbus/machine-id'] as const;
const BOOT_ID_PATH = '/proc/sys/kernel/random/boot_id';
const UUID_BYTES = 16;

export function createRunIdentity({ machineId, ...parts }: IdentityParts): RunIdentity {
  return runIdentity({ ...parts, hostId: hostIdOf(machineId ?? parts.bootId) });
}

/** The same where the host's id is known already. */
export function runIdentity(parts: Omit<IdentityParts, 'machineId'> & { readonly hostId: Uuid }): RunIdentity {
  const plain = { host_id: parts.hostId, boot_id: parts.bootId, hostname: parts.hostname };
  const labels = Object.keys(parts.labels).length === 0 ? null : Object.freeze({ ...parts.labels });
  return {
    agentId: parts.agentId,
    hostId: parts.hostId,
    bootId: parts.bootId,
    hostname: parts.hostname,
    labels: labels ?? {},
    host: Object.freeze({ ...plain, labels: null }),
    labelledHost: Object.freeze({ ...plain, labels }),
  };
}

/**
 * sd_id128_get_machine_app_specific(3): HMAC-SHA256, keyed by the machine id, of the application id, as a version 4 UUID.
 * The machine id itself is confidential and never leaves the host.
 */
export function hostIdOf(machineId: Buffer): Uuid {
  return asVersion4(createHmac('sha256', machineId).update(APPLICATION_ID).digest());
}

export function newAgentId(): Uuid {
  return asVersion4(randomBytes(UUID_BYTES));
}

function asVersion4(bytes: Buffer): Uuid {
  const id = Buffer.from(bytes.subarray(0, UUID_BYTES));
  id[6] = ((id[6] as number) & 0x0f) | 0x40;
  id[8] = ((id[8] as number) & 0x3f) | 0x80;
  return id;
}

/** Reads the ids of this machine. `read` returns undefined for a file that is not there. Throws FILE_NOT_FOUND without a boot id. */
export function loadRunIdentity(
  labels: Readonly<Record<string, string>>,
  read: (path: string) => string | undefined = readText,
): RunIdentity {
  const bootId = parseId(read(BOOT_ID_PATH));
  if (bootId === null) {
    throw new AgentError('FILE_NOT_FOUND', `No boot id in ${BOOT_ID_PATH}`, {
      context: { path: BOOT_ID_PATH },
      fix: 'Mount /proc of the host.',
    });
  }
  return createRunIdentity({ agentId: newAgentId(), machineId: loadMachineId(read), bootId, hostname: hostname(), labels });
}

function loadMachineId(read: (path: string) => string | undefined): Buffer | null {
  for (const path of MACHINE_ID_PATHS) {
    const id = parseId(read(path));
    if (id !== null) return id;
  }
  return null;
}

/** 32 hexadecimal digits, dashes allowed; systemd writes "uninitialized" before the first boot, and all zeros is no id. */
export function parseId(text: string | undefined): Buffer | null {
  const digits = text?.trim().replaceAll('-', '') ?? '';
  if (!/^[0-9a-fA-F]{32}$/.test(digits) || /^0+$/.test(digits)) return null;
  return Buffer.from(digits, 'hex');
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // Absent or not readable comes to the same: the next place is tried, and the caller says what is missing.
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
