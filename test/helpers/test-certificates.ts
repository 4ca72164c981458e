/** X.509 certificates for tests of TLS, made here: not every machine has openssl, and files in the repository would expire. DER by RFC 5280. */
import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export interface TestCertificate {
  /** PEM. */
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface LeafOptions {
  readonly names: readonly string[];
  /** IPv4. */
  readonly addresses?: readonly string[];
  readonly expired?: boolean;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const OID = { ecdsaSha256: '2a8648ce3d040302', commonName: '550403', basicConstraints: '551d13', subjectAltName: '551d11' } as const;
const DAY_MS = 86_400_000;

export class TestAuthority {
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #name: string;
  readonly cert: Buffer;
  #serial = 1;

  constructor(name: string) {
    this.#name = name;
    const isAuthority = extension(OID.basicConstraints, der(SEQUENCE, Buffer.from([0x01, 0x01, 0xff])));
    this.cert = this.#certificate(this.#name, this.#keys.publicKey, { extensions: [isAuthority] });
  }

  issue({ names, addresses = [], expired = false }: LeafOptions): TestCertificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const dns = names.map((name) => der(0x82, Buffer.from(name)));
    const ips = addresses.map((address) => der(0x87, Buffer.from(address.split('.').map(Number))));
    const extensions = [extension(OID.subjectAltName, der(SEQUENCE, ...dns, ...ips))];
    const cert = this.#certificate(names[0] ?? 'nobody', publicKey, { extensions, expired });
    return { cert, key: Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })) };
  }

  #certificate(subject: string, key: KeyObject, of: { extensions: readonly Buffer[]; expired?: boolean }): Buffer {
    const end = Date.now() + (of.expired === true ? -DAY_MS : DAY_MS);
    const algorithm = der(SEQUENCE, oid(OID.ecdsaSha256));
    const version = der(0xa0, der(0x02, Buffer.from([2])));
    const serial = der(0x02, Buffer.from([this.#serial++]));
    const validity = der(SEQUENCE, time(end - 3 * DAY_MS), time(end));
    const spki = Buffer.from(key.export({ type: 'spki', format: 'der' }));
    const extensions = der(0xa3, der(SEQUENCE, ...of.extensions));
    const body = der(SEQUENCE, version, serial, algorithm, distinguished(this.#name), validity, distinguished(subject), spki, extensions);
    const signature = der(0x03, Buffer.from([0]), sign('sha256', body, this.#keys.privateKey));
    const base64 = der(SEQUENCE, body, algorithm, signature).toString('base64').replaceAll(/.{64}/g, '$&\n');
    return Buffer.from(`-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`);
  }
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const header = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function distinguished(name: string): Buffer {
  return der(SEQUENCE, der(SET, der(SEQUENCE, oid(OID.commonName), der(0x0c, Buffer.from(name)))));
}

function extension(hex: string, value: Buffer): Buffer {
  return der(SEQUENCE, oid(hex), der(0x04, value));
}

/** UTCTime: YYMMDDHHMMSSZ. */
function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return der(0x17, Buffer.from(text.slice(2)));
}
