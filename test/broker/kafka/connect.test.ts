import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KafkaAdmin } from '../../helpers/kafka/admin.ts';
import { startCluster } from '../../helpers/kafka/cluster.ts';
import type { Cluster } from '../../helpers/kafka/cluster.ts';
import { freePorts } from '../../helpers/free-ports.ts';
import { missingTools } from '../../helpers/kafka/java.ts';
import { AGENT } from '../../helpers/kafka/users.ts';
import { RegistryStub } from '../../helpers/registry-stub.ts';
import { forkcast } from '../../unit/cli/fake-io.ts';
import { configFile } from '../../unit/config/refusal.ts';

/** The first start fetches Apache Kafka, too. */
const START_MS = 6 * 60_000;

interface Found {
  readonly item: string;
  readonly status: string;
  readonly found: string;
  readonly fix: string | null;
  readonly code: string | null;
}

interface Result {
  readonly code: number;
  readonly ok: boolean;
  readonly all: readonly Found[];
  /** What is wrong, without ports, paths and names of alerts, which depend on the version of OpenSSL. */
  readonly errors: readonly string[];
}

/** `check --connect --json` of a sink with these keys. */
async function connect(keys: string): Promise<Result> {
  const { code, out } = await forkcast('check', '--connect', '--json', '-c', configFile(`sinks: {siem: {type: kafka, ${keys}}}\n`));
  const { ok, connect: all } = JSON.parse(out) as { ok: boolean; connect: Found[] };
  const errors = all
    .filter(({ status }) => status === 'error')
    .map(({ found, fix }) => `${found} | ${fix}`.replaceAll(/:\d{4,5}| \(\S*_ALERT_\S*\)| \(now \S+\)/g, ''));
  return { code, ok, all, errors };
}

describe.skipIf((await missingTools()) !== undefined)('check --connect, at a broker with authentication and access lists', () => {
  let cluster: Cluster;
  let admin: KafkaAdmin;

  beforeAll(async () => {
    cluster = await startCluster({ authorizer: true, oauth: true });
    admin = new KafkaAdmin(cluster.bootstrap);
    await admin.setScramPassword(AGENT.username, AGENT.password);
    await admin.createTopic('events', { partitions: 3 });
    await admin.createTopic('events-agent');
    await admin.addRule({ user: AGENT.username, operation: 'WRITE', topic: 'events' });
    await admin.addRule({ user: AGENT.username, operation: 'WRITE', topic: 'events-agent' });
    await admin.addRule({ user: AGENT.username, operation: 'DESCRIBE_CONFIGS', topic: 'events' });
  }, START_MS);

  afterAll(async () => {
    await admin?.close();
    await cluster?.close();
  });

  const sasl = (file = configFile(AGENT.password), mechanism = 'scram-sha-512'): string =>
    `sasl: {mechanism: ${mechanism}, username: ${AGENT.username}, password: "file:${file}"}`;
  const overTls = (ca = cluster.tls.ca): string => `tls: {ca: ${ca}}`;
  const secure = (): string => `brokers: [${cluster.listeners.saslSsl}], ${overTls()}, ${sasl()}`;

  it('finds all that an agent needs, item by item', async () => {
    const { code, ok, all } = await connect(`topic: events, ${secure()}`);
    expect([code, ok]).toEqual([0, true]);
    expect(all.map(({ item, status }) => `${status} ${item.replace(/:\d+/, '')}`)).toEqual([
      'ok broker 127.0.0.1',
      'ok security',
      'ok topic events',
      'ok events write',
      'warning events replication',
      'ok events size',
      'ok events compression',
      'ok events record time',
      'ok events cleanup',
      'ok topic events-agent',
      'ok events-agent write',
      'warning events-agent replication',
      'warning events-agent settings',
      'ok idempotent writing',
    ]);
    expect(all[0]?.found).toMatch(/^broker 1 of 1; knows produce \d+ to \d+, spoken is \d+$/);
    expect(all[1]?.found).toBe('TLS accepted, scram-sha-512 as agent accepted');
    expect(all[2]?.found).toBe('3 partitions');
    expect(all[12]?.fix).toBe('To have them checked, allow User:agent to DESCRIBE_CONFIGS the topic.');
  });

  it('says it for people, too', async () => {
    const { code, out } = await forkcast(
      'check',
      '--connect',
      '-c',
      configFile(`sinks: {siem: {type: kafka, topic: events, ${secure()}}}\n`),
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^sink siem\n {2}ok broker 127\.0\.0\.1:\d+ +broker 1 of 1/m);
    expect(out).toMatch(/^connected: 3 warnings\n$/m);
  });

  it('warns of settings of a topic that cost events or time', async () => {
    const configs = {
      'max.message.bytes': '100000',
      'cleanup.policy': 'compact',
      'message.timestamp.before.max.ms': '3600000',
      'compression.type': 'gzip',
    };
    await admin.createTopic('odd', { configs });
    const { code, all } = await connect(`brokers: [${cluster.bootstrap}], topic: odd, agent_topic: odd`);
    expect(code).toBe(0);
    expect(all.filter(({ status }) => status === 'warning').map(({ item }) => item)).toEqual([
      'odd replication',
      'odd size',
      'odd compression',
      'odd record time',
      'odd cleanup',
    ]);
  });

  it.each([
    {
      what: 'nothing listens',
      keys: async () => `brokers: ["127.0.0.1:${(await freePorts(1))[0]}"]`,
      error: '127.0.0.1 refuses connections (ECONNREFUSED) | Start the broker, or correct its address in brokers: nothing listens there.',
    },
    {
      what: 'plaintext to a port of TLS',
      keys: () => `brokers: [${cluster.listeners.mtls}]`,
      error: '127.0.0.1 speaks TLS | Add tls: {} to the sink, or name the port of a plaintext listener.',
    },
    {
      what: 'no SASL where it is wanted',
      keys: () => `brokers: [${cluster.listeners.saslPlaintext}]`,
      error:
        '127.0.0.1: Connection closed | Name the port of a plaintext listener without SASL, or add to the sink what this one wants: tls: {}, sasl.',
    },
    {
      what: 'SASL where there is none',
      keys: () => `brokers: [${cluster.bootstrap}], ${sasl()}`,
      error:
        '127.0.0.1 answers ILLEGAL_SASL_STATE | Name the port of a listener that takes SASL, or remove sasl from the sink: this one takes none.',
    },
    {
      what: 'a mechanism that is not offered',
      keys: () => `brokers: [${cluster.listeners.oauth}], ${overTls()}, ${sasl()}`,
      error: '127.0.0.1 answers UNSUPPORTED_SASL_MECHANISM | Choose a mechanism for sasl that the broker offers.',
    },
    {
      what: 'an unknown CA',
      keys: () => `brokers: [${cluster.listeners.saslSsl}], ${overTls(cluster.tls.otherCa)}, ${sasl()}`,
      error:
        '127.0.0.1 has a certificate of an unknown CA (UNABLE_TO_VERIFY_LEAF_SIGNATURE) | Set tls.ca to the PEM file of the authority that signed the certificate of the broker.',
    },
    {
      what: 'a certificate for another name',
      keys: () => `brokers: [${cluster.listeners.saslSsl}], tls: {ca: ${cluster.tls.ca}, server_name: kafka.example}, ${sasl()}`,
      error:
        '127.0.0.1 has a certificate for another name (ERR_TLS_CERT_ALTNAME_INVALID) | Set tls.server_name to a name that is in the certificate, or use that name in brokers.',
    },
    {
      what: 'no client certificate',
      keys: () => `brokers: [${cluster.listeners.mtls}], ${overTls()}`,
      error:
        '127.0.0.1 wants a certificate of the client, or another one | Set tls.cert and tls.key: this listener wants a certificate of the agent.',
    },
  ])('says of $what what it is and what to do', async ({ keys, error }) => {
    const { code, ok, errors } = await connect(`topic: events, ${await keys()}`);
    expect(errors).toEqual([error]);
    expect([code, ok]).toEqual([69, false]);
  });

  it('says that a port speaks no TLS, as far as brokers let it know', async () => {
    const { code, errors } = await connect(`brokers: [${cluster.bootstrap}], ${overTls()}`);
    expect(code).toBe(69);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/\| Name the port of a TLS listener, or remove tls from the sink/);
  });

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])('knows a wrong password with %s', async (mechanism) => {
    const { code, all, errors } = await connect(
      `brokers: [${cluster.listeners.saslSsl}], ${overTls()}, ${sasl(configFile('wrong'), mechanism)}`,
    );
    expect(code).toBe(69);
    expect(all.map(({ code: name }) => name)).toEqual(['SINK_REFUSED']);
    expect(errors[0]).toMatch(
      /SASL_AUTHENTICATION_FAILED.* \(user agent\) \| Correct sasl\.username, sasl\.password or sasl\.mechanism, or /,
    );
  });

  it('ends with 78 where a secret cannot be read', async () => {
    const { code, errors } = await connect(`brokers: [${cluster.listeners.saslSsl}], ${overTls()}, ${sasl('/nowhere')}`);
    expect(errors[0]).toMatch(/^sasl\.password: \/nowhere cannot be read: ENOENT \| Check the path/);
    expect(code).toBe(78);
  });

  it('names a topic that is not there', async () => {
    const { code, errors } = await connect(`brokers: [${cluster.bootstrap}], topic: events, agent_topic: nowhere`);
    expect(errors).toEqual(['the cluster has no topic nowhere | Create the topic nowhere, or correct its name: forkcast creates none.']);
    expect(code).toBe(69);
    expect(await admin.describe('nowhere')).toBeUndefined();
  });

  it('names the rights that are missing', async () => {
    await admin.createTopic('closed');
    await admin.createTopic('seen');
    await admin.addRule({ user: AGENT.username, operation: 'DESCRIBE', topic: 'seen' });
    const { code, errors } = await connect(`topic: closed, agent_topic: seen, ${secure()}`);
    expect(errors).toEqual([
      'an access list is missing: User:agent may not see the topic closed, if there is one | Allow User:agent to WRITE and DESCRIBE the topic closed.',
      'an access list is missing: User:agent may not write to the topic seen | Allow User:agent to WRITE and DESCRIBE the topic seen.',
    ]);
    expect(code).toBe(69);
  });

  it('names the right to write idempotently, for one who may write nowhere', async () => {
    const { cert, key, ca } = cluster.tls;
    const { errors } = await connect(`topic: events, brokers: [${cluster.listeners.mtls}], tls: {ca: ${ca}, cert: ${cert}, key: ${key}}`);
    expect(errors.at(-1)).toBe(
      'an access list is missing: this user may not write idempotently | Allow this user to IDEMPOTENT_WRITE on the cluster, or from Kafka 2.8 on to WRITE to the topic.',
    );
  });

  it('is content with one broker of several, and says which does not answer', async () => {
    const [port] = await freePorts(1);
    const { code, all } = await connect(`topic: events, brokers: [${cluster.bootstrap}, "127.0.0.1:${port}"]`);
    expect(code).toBe(0);
    expect(all[1]).toMatchObject({ status: 'warning', item: `broker 127.0.0.1:${port}` });
    expect(all[1]?.found).toContain('refuses connections (ECONNREFUSED); another one answers');
  });

  it('asks the registry of a sink with framing confluent', async () => {
    const registry = await RegistryStub.start();
    const keys = (more = ''): string =>
      `topic: events, brokers: [${cluster.bootstrap}], framing: confluent, registry: {url: "${registry.url}"${more}}`;
    const unregistered = await connect(keys());
    expect(unregistered.code).toBe(69);
    expect(unregistered.errors).toHaveLength(2);
    expect(unregistered.errors[0]).toContain('is not registered under the subject events-value | Run forkcast schema register');
    expect((await connect(keys(', auto_register: true'))).code).toBe(0);
  });
});
