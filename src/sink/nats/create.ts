import { uuidText } from '../../core/uuid.ts';
import { createSinkContents } from '../framing/sink-contents.ts';
import type { ContentDeps } from '../framing/sink-contents.ts';
import type { NatsSinkConfig } from './config.ts';
import { DuplicateLog } from './duplicate-log.ts';
import { createEnvelopes } from './envelope.ts';
import { NatsSink } from './nats-sink.ts';
import { Packer } from './packer.ts';
import { SubjectTemplate } from './subject-template.ts';

export interface NatsDeps extends ContentDeps {
  readonly id: string;
  readonly sinkId: Uint8Array;
  /** Run whose records carry no origin. */
  readonly agentId: Uint8Array;
  readonly hostId: Uint8Array;
  readonly hostname: string;
}

/** Not opened yet; reads nothing but ids of schemas that are kept. */
export function createNatsSink(config: NatsSinkConfig, deps: NatsDeps): NatsSink {
  const { subject, agentSubject, mode, stream } = config;
  const hostId = uuidText(deps.hostId);
  const contents = createSinkContents(config, deps, hostId);
  const envelopes = createEnvelopes({
    subjects: { process: new SubjectTemplate(subject), agent: new SubjectTemplate(agentSubject) },
    values: { host: deps.hostname, host_id: hostId },
    agentId: deps.agentId,
    sinkId: deps.sinkId,
    expectedStream: mode === 'jetstream' ? stream : null,
    contentOf: contents.contentOf,
  });
  const duplicates = new DuplicateLog({ log: deps.log });
  return new NatsSink({
    id: deps.id,
    // Loaded when it is needed: an agent without NATS has no use for a client's memory.
    loadDialer: async () => {
      const { NatsDialer } = await import('./dialer.ts');
      return new NatsDialer(config, { readSecret: deps.readSecret, onDuplicate: () => duplicates.add(), log: deps.log });
    },
    packer: new Packer(envelopes, config.message),
    onClose: () => {
      duplicates.end();
      return contents.close();
    },
  });
}
