import { parentPort, workerData } from 'node:worker_threads';
import { asAgentError } from '../core/errors.ts';
import type { AgentError, ErrorCode } from '../core/errors.ts';
import { ExecCache } from './capture/bpf/exec-cache.ts';
import { openLibc } from './native/ffi.ts';
import { openLibbpf } from './native/libbpf.ts';
import { IngestControl, Phase } from './proc-connector/control.ts';
import type { CaptureState, OpenExecCache } from './proc-connector/captures.ts';
import type { ReaderConfig } from './proc-connector/reader.ts';
import { ConnectorReader } from './proc-connector/reader.ts';
import type { ConnectorSocket } from './proc-connector/socket.ts';
import { RingProducer } from './ring/ring.ts';

/** What the main thread gives the ingest thread. */
export interface IngestWorkerData {
  readonly ring: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  readonly config: ReaderConfig;
}

/** What the ingest thread tells the main thread; an error's own type does not survive the way, so its parts are sent. */
export type IngestReport =
  | { readonly type: 'subscribed'; readonly socket: ConnectorSocket; readonly captures: CaptureState }
  | { readonly type: 'scanned' | 'silent' }
  | ({ readonly type: 'lost' } & ErrorParts)
  | ({ readonly type: 'failed' } & ErrorParts);

interface ErrorParts {
  readonly code: ErrorCode;
  readonly message: string;
  readonly fix: string | undefined;
  readonly stack: string | undefined;
}

function main(): void {
  if (parentPort === null) throw new Error('the ingest worker runs as a worker thread only');
  const port = parentPort;
  // A vanished process is an everyday outcome here; collecting its stack would cost more than the read itself.
  Error.stackTraceLimit = 4;
  const { ring, control: controlMemory, config } = workerData as IngestWorkerData;
  const control = new IngestControl(controlMemory);
  const producer = new RingProducer(ring);
  const report = (message: IngestReport): void => port.postMessage(message);
  try {
    const libc = openLibc();
    const openExecCache: OpenExecCache = (options) => ExecCache.open(openLibbpf(), options);
    const reader = new ConnectorReader({ libc, openExecCache, control, ring: producer }, config);
    // C keeps addresses into what the reader owns: the global reference outlives every optimisation of this frame.
    Object.assign(globalThis, { forkcastReader: reader });
    reader.run({
      subscribed: (socket, captures) => report({ type: 'subscribed', socket, captures }),
      scanned: () => report({ type: 'scanned' }),
      silent: () => report({ type: 'silent' }),
      lost: (error) => report({ type: 'lost', ...partsOf(error) }),
    });
  } catch (error) {
    report({ type: 'failed', ...partsOf(asAgentError(error)) });
  } finally {
    control.setPhase(Phase.CLOSED);
    producer.wake();
  }
}

function partsOf({ code, message, fix, stack }: AgentError): ErrorParts {
  return { code, message, fix, stack };
}

main();
