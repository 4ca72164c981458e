import { attempt } from '../run-command.ts';
import { missingTools } from './java.ts';
import { KAFKA_VERSION } from './jars.ts';

/** Where a broker comes from that any broker will do for. */
export type BrokerChoice =
  /** One that runs. */
  | { readonly kind: 'given'; readonly bootstrap: string }
  /** A container of this image. */
  | { readonly kind: 'docker'; readonly image: string }
  /** A process of the jars from Maven Central. */
  | { readonly kind: 'local' }
  /** There is none to be had. */
  | { readonly kind: 'none'; readonly reason: string };

/** What the choice depends on. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  /** Whether a Docker daemon answers and has the image. */
  hasImage(image: string): Promise<boolean>;
  /** What is missing to run the jars; undefined: nothing. */
  missingTools(): Promise<string | undefined>;
}

export const KAFKA_IMAGE = `apache/kafka:${KAFKA_VERSION}`;
export const VARIABLE = 'FORKCAST_TEST_KAFKA';
/** A daemon that hangs is none. */
const DOCKER_TIMEOUT_MS = 10_000;
const ADDRESSES = /^[\w.-]+:\d{1,5}(?:,[\w.-]+:\d{1,5})*$/;

export const SURROUNDINGS: Surroundings = { env: process.env, hasImage, missingTools };

/** What is asked for, else Docker, else jars. Throws where what is asked for is no address. */
export async function chooseBroker({ env, hasImage, missingTools }: Surroundings = SURROUNDINGS): Promise<BrokerChoice> {
  const bootstrap = env[VARIABLE] ?? '';
  if (bootstrap !== '') {
    if (!ADDRESSES.test(bootstrap)) throw new Error(`${VARIABLE} is ${bootstrap}: write host:port, of several with commas between them`);
    return { kind: 'given', bootstrap };
  }
  if (await hasImage(KAFKA_IMAGE)) return { kind: 'docker', image: KAFKA_IMAGE };
  const reason = await missingTools();
  return reason === undefined ? { kind: 'local' } : { kind: 'none', reason };
}

/** Images are never pulled: nobody asked for hundreds of megabytes. */
async function hasImage(image: string): Promise<boolean> {
  return (await attempt('docker', ['image', 'inspect', '--format', '{{.Id}}', image], { timeout: DOCKER_TIMEOUT_MS }))?.code === 0;
}
