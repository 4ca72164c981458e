import type { SettingFault, StructureSetting } from '../../core/setting.ts';

const MAX_SERVERS = 64;
const EXAMPLE = 'nats://localhost:4222';
/** Of servers for their clients. */
export const DEFAULT_PORT = 4222;

/** A server of NATS. IPv6 addresses without brackets. */
export interface Server {
  readonly host: string;
  readonly port: number;
  /** As it was written: tls:// asks for encryption even where the sink has no `tls`. */
  readonly encrypted: boolean;
  /** Name that its certificate has, where it is another than the host: of a server that another told of. */
  readonly tlsName?: string;
}

/** nats:// or tls://, host or [IPv6 address], and perhaps a port. */
const ADDRESS = /^(?:(nats|tls):\/\/)?(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/;

/** Some servers of the cluster, by which the others are found. */
export const serversSetting = {
  format: 'structure',
  default: [EXAMPLE] as readonly string[],
  doc: 'Servers of the cluster, as nats://HOST:PORT or tls://HOST:PORT; one that answers is taken, others of the cluster are found through it.',
  check: checkServers,
  schema: { type: 'array', minItems: 1, maxItems: MAX_SERVERS, items: { type: 'string', minLength: 1 } },
} as const satisfies StructureSetting;

/** An address that is valid, taken apart; undefined where it is not. */
export function parseServer(text: string): Server | undefined {
  const [, scheme, address, host = '', port = String(DEFAULT_PORT)] = ADDRESS.exec(text) ?? [];
  const number = Number(port);
  if (address === undefined && host === '') return undefined;
  if (number < 1 || number > 65_535) return undefined;
  return { host: address ?? host, port: number, encrypted: scheme === 'tls' };
}

export function compileServers(written: readonly string[]): Server[] {
  return written.flatMap((text) => parseServer(text) ?? []);
}

/** `host:port`, as people write it. */
export function addressText({ host, port }: Pick<Server, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function checkServers(value: unknown): SettingFault[] {
  if (!Array.isArray(value)) {
    const one = typeof value === 'string' && !value.includes('@') ? value : EXAMPLE;
    return [{ value: one === value ? value : null, reason: 'must be a list', fix: `write it in brackets: [${one}]` }];
  }
  if (value.length === 0 || value.length > MAX_SERVERS)
    return [{ value: null, reason: `must name 1 to ${MAX_SERVERS} servers`, fix: `write [${EXAMPLE}]` }];
  return value.flatMap((text: unknown, index) => {
    const fault = serverFault(text) ?? (value.indexOf(text) === index ? undefined : TWICE);
    // What is before an @ may be a password.
    const shown = typeof text === 'string' && text.includes('@') ? null : text;
    return fault === undefined ? [] : [{ within: [index], value: shown, ...fault }];
  });
}

type Fault = Pick<SettingFault, 'reason' | 'fix'>;

const TWICE: Fault = { reason: 'is in the list twice', fix: 'remove one of the two' };

function serverFault(text: unknown): Fault | undefined {
  if (typeof text !== 'string') return { reason: 'must be the address of a server', fix: `write ${EXAMPLE}` };
  if (text.includes('@')) return { reason: 'must not contain a user', fix: 'write user and password, or token, below auth' };
  if (/^wss?:\/\//.test(text)) return { reason: 'is an address of WebSocket, which this sink does not speak', fix: `write ${EXAMPLE}` };
  if (parseServer(text) !== undefined) return undefined;
  if (/^[a-z]+:\/\//.test(text) && !/^(nats|tls):\/\//.test(text))
    return { reason: 'is no address of NATS', fix: `write ${text.replace(/^[a-z]+:/, 'nats:')}` };
  return { reason: 'is no address of a server', fix: /:\d+$/.test(text) ? 'use a port from 1 to 65535' : `write it like ${EXAMPLE}` };
}
