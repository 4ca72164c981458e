import type { SettingFault, StructureSetting } from '../../core/setting.ts';
import type { Broker } from './settings.ts';

const MAX_BROKERS = 64;
const EXAMPLE = 'localhost:9092';

/** host:port, or [IPv6 address]:port. */
const ADDRESS = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/;

/** Some brokers of the cluster, by which the others are found. */
export const brokersSetting = {
  format: 'structure',
  default: [EXAMPLE] as readonly string[],
  doc: 'Some brokers of the cluster, as host:port; the others are found through them.',
  check: checkBrokers,
  schema: { type: 'array', minItems: 1, maxItems: MAX_BROKERS, items: { type: 'string', pattern: ':[0-9]{1,5}$' } },
} as const satisfies StructureSetting;

/** Addresses that are valid, taken apart. */
export function compileBrokers(written: readonly string[]): Broker[] {
  return written.map((text) => {
    const [, address, host = '', port] = ADDRESS.exec(text) ?? [];
    return { host: address ?? host, port: Number(port) };
  });
}

function checkBrokers(value: unknown): SettingFault[] {
  if (!Array.isArray(value)) {
    const one = typeof value === 'string' ? value : EXAMPLE;
    return [{ value, reason: 'must be a list', fix: `write it in brackets: [${one}]` }];
  }
  if (value.length === 0 || value.length > MAX_BROKERS)
    return [{ value: null, reason: `must name 1 to ${MAX_BROKERS} brokers`, fix: `write [${EXAMPLE}]` }];
  return value.flatMap((text: unknown, index) => {
    const fault = brokerFault(text) ?? (value.indexOf(text) === index ? undefined : TWICE);
    // What is before an @ may be a password.
    const shown = typeof text === 'string' && text.includes('@') ? null : text;
    return fault === undefined ? [] : [{ within: [index], value: shown, ...fault }];
  });
}

type Fault = Pick<SettingFault, 'reason' | 'fix'>;

const TWICE: Fault = { reason: 'is in the list twice', fix: 'remove one of the two' };

function brokerFault(text: unknown): Fault | undefined {
  if (typeof text !== 'string') return { reason: 'must be host:port', fix: `write ${EXAMPLE}` };
  if (text.includes('@')) return { reason: 'must be host:port, without a user', fix: 'write username and password below sasl' };
  if (text.includes('://')) return { reason: 'must be host:port, without a scheme', fix: `write ${text.replace(/^.*:\/\//, '')}` };
  const [, , , port] = ADDRESS.exec(text) ?? [];
  if (port !== undefined && Number(port) >= 1 && Number(port) <= 65_535) return undefined;
  return { reason: 'must be host:port', fix: /:\d+$/.test(text) ? 'use a port from 1 to 65535' : `write the port too, as in ${EXAMPLE}` };
}
