import type { SinkConfig } from '../config/config.ts';
import { AgentError, asAgentError } from '../core/errors.ts';
import { escapeText } from '../core/text.ts';
import { roundSize } from '../core/units.ts';
import type { NatsSinkConfig } from '../sink/nats/config.ts';
import { streamSubjects } from '../sink/nats/ensure-config.ts';
import { permissionFault } from '../sink/nats/explain.ts';
import { HEADER_ROOM } from '../sink/nats/message.ts';
import type { ServerInspector, ServerReport, Trial } from '../sink/nats/server-inspector.ts';
import { addressText, parseServer } from '../sink/nats/servers-setting.ts';
import type { Server } from '../sink/nats/servers-setting.ts';
import { whyUnheard } from '../sink/nats/stream-state.ts';
import type { StreamState } from '../sink/nats/stream-state.ts';
import { bad, doubtful, good } from './check-connect-finding.ts';
import type { ItemFinding } from './check-connect-finding.ts';
import { missingFinding, someOf, streamFindings, toBeCreated } from './check-connect-stream.ts';

export type NatsSinkOfConfig = Extract<SinkConfig, { type: 'nats' }>;
export type NatsInspector = Pick<ServerInspector, 'server' | 'stream' | 'account' | 'tryPublish'>;

interface Answer {
  readonly server: Server;
  /** Or why there is none. */
  readonly report: ServerReport | AgentError;
}

interface Reached extends Answer {
  readonly report: ServerReport;
}

/** What a sink would meet at its servers, of these subjects on this machine. Where no server answers, nothing else is asked. */
export async function natsFindings(sink: NatsSinkOfConfig, subjects: readonly string[], inspector: NatsInspector): Promise<ItemFinding[]> {
  const { settings } = sink;
  const named = await reach(settings.servers, inspector);
  const first = named.find(isReached);
  if (first === undefined) return named.map((one) => serverFinding(one));
  const others = await reach(othersOf(first, settings.servers), inspector);
  const at: Cluster = { settings, subjects, inspector, first };
  return [
    ...named.map((one) => (isReached(one) ? serverFinding(one) : spareServer(one))),
    ...others.map((one) => (isReached(one) ? serverFinding(one) : hiddenServer(one))),
    securityFinding(settings, first),
    ...payloadFindings(settings, first),
    ...(settings.mode === 'core' ? [coreFinding()] : await lookAtStream(at)),
  ];
}

interface Cluster {
  readonly settings: NatsSinkConfig;
  readonly subjects: readonly string[];
  readonly inspector: NatsInspector;
  /** A server that answers. */
  readonly first: Reached;
}

function reach(servers: readonly Server[], inspector: NatsInspector): Promise<Answer[]> {
  return Promise.all(servers.map(async (server) => ({ server, report: await inspector.server(server).catch(asAgentError) })));
}

function isReached(answer: Answer): answer is Reached {
  return !(answer.report instanceof AgentError);
}

/** Those that the cluster tells of and nobody named; they are reached as the one that told of them. */
function othersOf({ server, report }: Reached, servers: readonly Server[]): Server[] {
  const { encrypted, host, tlsName = host } = server;
  const known = new Set(servers.map(addressText));
  return report.others.flatMap((text) => {
    const other = parseServer(text);
    return other === undefined || known.has(addressText(other)) ? [] : [{ ...other, encrypted, tlsName }];
  });
}

function serverFinding({ server, report }: Answer): ItemFinding {
  const item = `server ${addressText(server)}`;
  if (report instanceof AgentError) return bad(item, report);
  const { name, version, cluster, hasJetStream } = report;
  const where = cluster === null ? 'alone' : `in the cluster ${escapeText(cluster)}`;
  return good(item, `${escapeText(name)}, version ${escapeText(version)}, ${where}, ${hasJetStream ? 'with' : 'without'} JetStream`);
}

/** One is enough. */
function spareServer({ server, report }: Answer): ItemFinding {
  const { message, fix } = report as AgentError;
  return doubtful(`server ${addressText(server)}`, `${message}; another one answers`, fix ?? '');
}

function hiddenServer({ server, report }: Answer): ItemFinding {
  const { message } = report as AgentError;
  return doubtful(
    `server ${addressText(server)}`,
    `the cluster names it, but ${message}: the agent cannot go there when the others are away`,
    'Open the way to it, or correct client_advertise of that server.',
  );
}

function securityFinding({ tls, auth }: NatsSinkConfig, { server, report }: Reached): ItemFinding {
  const isEncrypted = tls !== null || server.encrypted;
  const way = !isEncrypted ? 'plaintext' : `TLS accepted${tls === null || tls.cert === null ? '' : ', with a certificate of the agent'}`;
  if (auth === null) return good('security', `${way}, no login`);
  const login = auth.kind === 'password' ? `user ${escapeText(auth.user)}` : auth.kind;
  if (!report.asksWhoIsThere) return good('security', `${way}; ${login} is not asked for: the server lets everybody in`);
  // With the others the secret stays here: what the server sends is signed.
  if (isEncrypted || auth.kind === 'nkey' || auth.kind === 'creds') return good('security', `${way}, ${login} accepted`);
  return doubtful(
    'security',
    `${way}, ${login} accepted: whoever listens on the way reads the secret`,
    'Give the servers certificates, and add tls: {} to the sink.',
  );
}

function payloadFindings({ message: { maxEvents, maxBytes } }: NatsSinkConfig, { report: { maxPayload } }: Reached): ItemFinding[] {
  const found = `messages of up to ${roundSize(maxPayload)} (max_payload)`;
  if (maxEvents === 1 || maxBytes + HEADER_ROOM <= maxPayload) return [good('size', found)];
  return [
    doubtful(
      'size',
      `${found}: larger batches (batch.max_bytes ${roundSize(maxBytes)}) are sent in parts`,
      `Set batch.max_bytes of the sink to ${Math.max(1, Math.floor((maxPayload - HEADER_ROOM) / 1024))}KiB, or raise max_payload of the servers.`,
    ),
  ];
}

function coreFinding(): ItemFinding {
  return good(
    'acknowledgement',
    'by the server only (mode core): whoever does not listen at the time misses the event, and nobody counts that',
  );
}

async function lookAtStream(cluster: Cluster): Promise<ItemFinding[]> {
  const { settings, subjects, inspector, first } = cluster;
  const { stream: name } = settings;
  const state = await inspector.stream(name, first.server);
  if (state.kind === 'disabled') return [bad('JetStream', whyUnheard(state, '', { name, subjects }))];
  const trials = await inspector.tryPublish(subjects, first.server);
  return [...(await stateFindings(state, cluster)), ...publishFindings(trials)];
}

async function stateFindings(state: Exclude<StreamState, { kind: 'disabled' }>, cluster: Cluster): Promise<ItemFinding[]> {
  const { settings, subjects } = cluster;
  const { stream: name, subject, agentSubject, message } = settings;
  const wildcards = streamSubjects([subject, agentSubject]);
  switch (state.kind) {
    case 'missing':
      return [settings.ensureStream === null ? missingFinding(name, wildcards) : await creationFinding(cluster)];
    case 'unknown':
      return [unseenFinding(state.error, cluster)];
    case 'there':
      return streamFindings(state.info, { subjects, wildcards, maxBytes: message.maxEvents === 1 ? null : message.maxBytes });
  }
}

async function creationFinding({ settings, inspector, first }: Cluster): Promise<ItemFinding> {
  const { stream, ensureStream } = settings;
  if (ensureStream === null) throw new AgentError('BUG', 'nothing says how to create the stream');
  try {
    const account = await inspector.account(first.server);
    return toBeCreated(stream, ensureStream, { account, isClustered: first.report.cluster !== null });
  } catch (error) {
    const found = `there is none; the agent creates it, and what the account may have is not to be seen: ${escapeText((error as Error).message)}`;
    return doubtful(`stream ${stream}`, found, 'To have that checked, allow the agent to publish to $JS.API.INFO.');
  }
}

/** The agent does not need to see its stream; only `ensure_stream` does. */
function unseenFinding(error: Error, { settings }: Cluster): ItemFinding {
  const { stream, ensureStream } = settings;
  const item = `stream ${stream}`;
  const fault = permissionFault(violationIn(error), settings);
  if (fault === undefined)
    return bad(
      item,
      new AgentError('SINK_UNREACHABLE', `does not answer: ${escapeText(error.message)}`, { fix: 'See whether the stream has a leader.' }),
    );
  if (ensureStream !== null) return bad(item, fault);
  return doubtful(
    item,
    `not to be seen: ${fault.message}`,
    `To have it checked, allow the agent to publish to $JS.API.STREAM.INFO.${stream}.`,
  );
}

/** The client puts what the server refused into what failed by it. */
function violationIn(error: Error): Error {
  return error.name !== 'PermissionViolationError' && error.cause instanceof Error ? violationIn(error.cause) : error;
}

function publishFindings(trials: ReadonlyMap<string, Trial>): ItemFinding[] {
  const item = 'publish';
  const faults = [...trials.values()].filter((trial) => trial instanceof AgentError);
  const [fault] = faults;
  if (fault !== undefined) {
    const more = faults.length === 1 ? '' : `, and so it is with ${faults.length - 1} more subjects`;
    return [bad(item, { message: fault.message + more, fix: fault.fix, code: fault.code })];
  }
  const silent = [...trials].flatMap(([subject, trial]) => (trial === 'unanswered' ? [subject] : []));
  if (silent.length === 0) return [good(item, `allowed to ${someOf([...trials.keys()])}`)];
  return [
    doubtful(
      item,
      `allowed, but something that is no stream listens to ${someOf(silent)}, or its stream acknowledges nothing`,
      'Keep other subscribers from answering there.',
    ),
  ];
}
