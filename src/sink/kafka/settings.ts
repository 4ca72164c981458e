import type { TlsMaterial } from '../security/tls.ts';

export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export interface Broker {
  readonly host: string;
  readonly port: number;
}

export type SaslMechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512' | 'oauthbearer';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** How a broker is reached. What is secret comes from functions that read it anew at each call and throw SECRET_UNREADABLE. */
export interface ConnectionSettings {
  readonly brokers: readonly Broker[];
  readonly clientId: string;
  /** null: plaintext. */
  readonly tls: { readonly material: () => Omit<TlsMaterial, 'servername'>; readonly serverName: string | null } | null;
  readonly sasl:
    | { readonly mechanism: Exclude<SaslMechanism, 'oauthbearer'>; readonly credentials: () => Credentials }
    | {
        readonly mechanism: 'oauthbearer';
        readonly token: () => Promise<string>;
        /** A broker refused the last one. */ readonly forget?: () => void;
      }
    | null;
  readonly connectTimeoutMs: number;
  /** How long an answer may take: more than a cluster needs to notice that a broker is gone, 9 s by default. */
  readonly requestTimeoutMs: number;
}

export interface DriverSettings {
  readonly connection: ConnectionSettings;
  readonly compression: Compression;
}
