/**
 * Machines of systemd-machined. Unit names escape what they cannot hold as \xNN (systemd.unit(5)): dashes in the name of a scope.
 * systemd-nspawn puts what runs inside below payload/ and itself into supervisor/.
 */
import { isHex } from './hex.ts';
import type { NamedContainer } from './named-container.ts';

const NSPAWN = 'systemd-nspawn';
const SUPERVISOR = 'supervisor';

/** @param unit without `.scope` @param child the name below it, where there is one */
export function machineOfScope(unit: string, child: string | undefined): NamedContainer | null {
  if (!unit.startsWith('machine-') || child === SUPERVISOR) return null;
  const name = unescapeUnit(unit.slice('machine-'.length));
  // libvirt: <driver>-<number>-<name>
  if (name === '' || name.startsWith('qemu-')) return null;
  if (name.startsWith('lxc-')) return machine(name.slice(name.indexOf('-', 'lxc-'.length) + 1), 'libvirt-lxc');
  return machine(name, NSPAWN);
}

/** @param unit with `.service` */
export function machineOfService(unit: string, child: string | undefined): NamedContainer | null {
  const prefix = `${NSPAWN}@`;
  if (!unit.startsWith(prefix) || child === SUPERVISOR) return null;
  return machine(unescapeUnit(unit.slice(prefix.length, -'.service'.length)), NSPAWN);
}

function machine(name: string, runtime: string): NamedContainer | null {
  return name === '' ? null : { id: name, runtime, name };
}

const ESCAPE = '\\x';
const ESCAPE_LENGTH = 4;

/** Bytes, not characters, are escaped: they are put together before they are read as UTF-8. */
function unescapeUnit(text: string): string {
  if (!text.includes(ESCAPE)) return text;
  const parts: Buffer[] = [];
  for (let at = 0; at < text.length;) {
    const next = text.indexOf(ESCAPE, at);
    const end = next < 0 ? text.length : next;
    parts.push(Buffer.from(text.slice(at, end)));
    if (next < 0) break;
    const isByte = isHex(text, next + ESCAPE.length, next + ESCAPE_LENGTH);
    parts.push(isByte ? Buffer.from(text.slice(next + ESCAPE.length, next + ESCAPE_LENGTH), 'hex') : Buffer.from(ESCAPE));
    at = next + (isByte ? ESCAPE_LENGTH : ESCAPE.length);
  }
  return Buffer.concat(parts).toString('utf8');
}
