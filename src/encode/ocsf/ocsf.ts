import type { AgentEvent } from '../../core/agent-event.ts';
import type { AnyEvent } from '../../core/any-event.ts';
import type { Encoder } from '../../core/component.ts';
import type { Encoded } from '../../core/encoded.ts';
import type { Container, Host, Parent, ProcessEvent, ProcessInfo } from '../../core/event.ts';
import { agentEventId, agentMessage, createAgentDetail } from '../siem/agent-detail.ts';
import { NEWEST_OCSF } from '../../core/record-formats.ts';
import type { OcsfVersion } from '../../core/record-formats.ts';
import { processDetail } from '../siem/detail.ts';
import { flat } from '../siem/flat.ts';
import { idText } from '../siem/id-text.ts';
import type { KinTexts } from '../siem/kin-texts.ts';
import { remembered } from '../siem/remembered.ts';
import { TextSlab } from '../siem/text-slab.ts';
import { escaped } from '../siem/json-string.ts';
import { utcTimestamp } from '../text/timestamp.ts';
import { activityOf, agentActivityOf, isLifecycle } from './activity.ts';
import type { Activity } from './activity.ts';
import { cpidOf } from './cpid.ts';
import type { Cpid } from './cpid.ts';
import { milliseconds } from './milliseconds.ts';
import { createParentTexts, processRest, processText, selfText } from './process.ts';
import { bootDetail, containerDetail, containerText, deviceText, labelsText } from './surroundings.ts';
import { featuresOf } from './versions.ts';
import type { OcsfFeatures } from './versions.ts';

export interface OcsfOptions {
  /** The newest unless given. */
  readonly version?: OcsfVersion;
  /** Version of the agent whose events they are, where it is known: `metadata.product.version`. */
  readonly agentVersion?: string;
}

/**
 * Events by the Open Cybersecurity Schema Framework: one JSON object each, without a newline. What it has no attribute for is in `unmapped`,
 * see `processDetail`. `bytes` are views into shared buffers. Objects of hosts and containers are read once and must not be changed afterwards.
 */
export function createOcsfEncoder(options: OcsfOptions = {}): Encoder<AnyEvent> {
  return new OcsfEncoder(options);
}

class OcsfEncoder implements Encoder<AnyEvent> {
  readonly #slab = new TextSlab();
  readonly #features: OcsfFeatures;
  readonly #product: string;
  /** `metadata` from its beginning to the list of profiles, which follows; by what the event has of a container and of Linux. */
  readonly #metadata: string;
  readonly #extension: string;
  readonly #deviceOf: (host: Host) => string;
  readonly #labelsOf: (host: Host) => string;
  readonly #hostDetailOf: (host: Host) => string;
  readonly #containerOf: (container: Container) => string;
  readonly #containerDetailOf: (container: Container) => string;
  readonly #parents: KinTexts<Parent>;
  readonly #detailOf = createAgentDetail();

  constructor({ version = NEWEST_OCSF, agentVersion }: OcsfOptions) {
    const features = featuresOf(version);
    this.#features = features;
    this.#parents = createParentTexts(features);
    const productVersion = agentVersion === undefined ? '' : `,"version":"${escaped(agentVersion)}"`;
    this.#product = `{"name":"forkcast","vendor_name":"forkcast"${productVersion}}`;
    this.#metadata = flat(`,"metadata":{"version":"${version}","product":${this.#product},"profiles":[`);
    this.#extension = flat(`,"extensions":[{"name":"linux","uid":"1","version":"${version}"}]`);
    this.#deviceOf = remembered((host) => deviceText(host, features));
    this.#labelsOf = remembered((host) => labelsText(host, features));
    this.#hostDetailOf = remembered((host) => bootDetail(host, features));
    this.#containerOf = remembered((container) => containerText(container, features));
    this.#containerDetailOf = remembered((container) => containerDetail(container, features));
  }

  encode(any: AnyEvent): Encoded {
    const { kind, sequence, time } = any.event;
    const text = any.stream === 'process' ? this.#process(any.event) : this.#agent(any.event);
    return { stream: any.stream, kind, sequence: sequence ?? 0, timeUs: time, bytes: this.#slab.put(text) };
  }

  #process(event: ProcessEvent): string {
    const features = this.#features;
    const { process, container, exit } = event;
    const activity = activityOf(event);
    const cpid = features.hasCpid ? cpidOf(event) : undefined;
    let text = `{${features.hasLaunchType ? activity.withLaunchType : activity.text},"time":${milliseconds(event.time)}`;
    if (exit !== null) text += exitText(exit, process);
    text += this.#processMetadata(event) + this.#deviceOf(event.host);
    text += `,"actor":{${actorText(event, activity, this.#parents)}},`;
    text += processText(event, {
      features,
      cpid,
      container: container === null ? '' : this.#containerOf(container),
      parents: this.#parents,
      isLaunch: activity.actor === 'parent',
    });
    return `${text},"unmapped":{${processDetail(event)}${processRest(event, features)}${this.#rest(event, cpid)}}}`;
  }

  #rest({ host, container }: ProcessEvent, cpid: Cpid | undefined): string {
    let text = this.#hostDetailOf(host);
    if (container !== null) text += this.#containerDetailOf(container);
    if (cpid !== undefined && cpid.isApproximate) text += ',"cpid_approximate":true';
    return text;
  }

  #processMetadata({ kind, process, container, agent_id: id, sequence, time, host }: ProcessEvent): string {
    const isOfLinux = hasLinuxIds(process);
    let text = `${this.#metadata}"host"`;
    if (container !== null || process.ns_pid !== null) text += ',"container"';
    if (isOfLinux) text += ',"linux/linux_users"';
    text += `]${isOfLinux ? this.#extension : ''},"uid":"${idText(id)}:${sequence}","sequence":${sequence},"original_time":"${utcTimestamp(time)}","event_code":"${kind}"`;
    if (process.args_truncated && this.#features.hasTruncated) text += ',"is_truncated":true';
    return `${text}${this.#labelsOf(host)}}`;
  }

  #agent(event: AgentEvent): string {
    const { hasBaseDevice } = this.#features;
    const { gap, throttle } = event;
    const hasDevice = isLifecycle(event) || hasBaseDevice;
    const message = agentMessage(event);
    let text = `{${agentActivityOf(event)},"time":${milliseconds(event.time)}`;
    if (message !== undefined) text += `,"message":"${escaped(message)}"`;
    const span = gap ?? throttle;
    if (span !== null)
      text += `,"count":${span.count},"start_time":${milliseconds(span.from_time)},"end_time":${milliseconds(span.to_time)}`;
    text += `${this.#metadata}${hasDevice ? '"host"' : ''}],"uid":"${agentEventId(event)}"`;
    if (event.sequence !== null) text += `,"sequence":${event.sequence}`;
    text += `,"original_time":"${utcTimestamp(event.time)}","event_code":"${event.kind}"${this.#labelsOf(event.host)}}`;
    if (isLifecycle(event)) text += `,"app":${this.#product}`;
    if (hasDevice) text += this.#deviceOf(event.host);
    text += `,"unmapped":{${this.#detailOf(event)},"agent_id":"${idText(event.agent_id)}"${this.#hostDetailOf(event.host)}`;
    return `${text}${hasDevice ? '' : this.#deviceOf(event.host)}}}`;
  }
}

const hasLinuxIds = ({ gid, euid, egid, login_uid: auid }: ProcessInfo): boolean =>
  gid !== null || euid !== null || egid !== null || auid !== null;

/** Of a thread neither is the process's. `duration` is of milliseconds, `unmapped` has the microseconds. */
function exitText({ code, duration_us: duration }: NonNullable<ProcessEvent['exit']>, { tid }: ProcessInfo): string {
  if (tid !== null) return '';
  let text = code === null ? '' : `,"exit_code":${code}`;
  if (duration !== null) text += `,"duration":${milliseconds(duration)}`;
  return text;
}

/** Where nobody knows who acted, OCSF wants a name all the same. */
const NOBODY = '"app_name":"unknown"';

function actorText({ process, parent, ptrace }: ProcessEvent, { actor }: Activity, parents: KinTexts<Parent>): string {
  switch (actor) {
    case 'parent':
      return parent === null ? NOBODY : `"process":${parents.of(parent)}`;
    case 'self':
      return selfText(process);
    case 'agent':
      return '"app_name":"forkcast"';
    case 'tracer': {
      if (ptrace === null) return NOBODY;
      const { tracer_pid: pid, tracer_entity_id: id } = ptrace;
      return `"process":{"pid":${pid}${id === null ? '' : `,"uid":"${idText(id)}"`}}`;
    }
  }
}
