import type { TlsFiles } from '../certificates.ts';
import { authEntries } from './auth.ts';
import type { NatsAuth, Permissions } from './auth.ts';

export interface NatsOptions {
  /** Default yes. */
  readonly jetstream?: boolean;
  /** `mutual`: clients need a certificate, too; `first`: TLS comes before the server has said anything. */
  readonly tls?: 'on' | 'mutual' | 'first';
  readonly auth?: NatsAuth;
  /** Of the user or NKey of `auth`; by default everything. */
  readonly permissions?: Permissions;
  /** Bytes; by default 1 MiB. */
  readonly maxPayload?: number;
  /** Other entries of the configuration, in place of what is set here. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface NatsPlace {
  readonly name: string;
  readonly port: number;
  readonly monitoringPort: number;
  /** Of its own. */
  readonly folder: string;
  readonly tls: TlsFiles | undefined;
  readonly cluster?: { readonly port: number; readonly routes: readonly string[] };
}

const MIB = 2 ** 20;

/** Text of a server's configuration: its syntax takes values as JSON has them (but no sizes like "4GB"). */
export function serverConfig(options: NatsOptions, place: NatsPlace): string {
  const entries = {
    server_name: place.name,
    listen: `127.0.0.1:${place.port}`,
    http: `127.0.0.1:${place.monitoringPort}`,
    // As short as it may be, and clients go one by one after a second instead of ten.
    lame_duck_duration: '30s',
    lame_duck_grace_period: '1s',
    ...(options.jetstream === false ? {} : { jetstream: { store_dir: `${place.folder}/data`, max_mem: 256 * MIB, max_file: 4096 * MIB } }),
    ...(place.tls === undefined ? {} : { tls: tls(place.tls, options.tls) }),
    ...(options.auth === undefined ? {} : authEntries(options.auth, options.permissions)),
    ...(options.maxPayload === undefined ? {} : { max_payload: options.maxPayload }),
    ...(place.cluster === undefined ? {} : { cluster: cluster(place.cluster) }),
    ...options.config,
  };
  return Object.entries(entries)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
    .join('');
}

function tls({ ca, server }: TlsFiles, kind: NatsOptions['tls']): object {
  const files = { cert_file: server.cert, key_file: server.key, ca_file: ca };
  return { ...files, verify: kind === 'mutual', handshake_first: kind === 'first', timeout: 10 };
}

function cluster({ port, routes }: NonNullable<NatsPlace['cluster']>): object {
  // One connection between two servers instead of four, and no compression to work out.
  return { name: 'test', listen: `127.0.0.1:${port}`, routes, pool_size: -1, compression: 'off' };
}
