import { describe, expect, it, vi } from 'vitest';
import { chooseBroker, KAFKA_IMAGE } from '../../../helpers/kafka/choose-broker.ts';
import type { Surroundings } from '../../../helpers/kafka/choose-broker.ts';

const NO_JAVA = 'no java in PATH';

function surroundings(given: { env?: NodeJS.ProcessEnv; image?: boolean; missing?: string }): Surroundings {
  const { env = {}, image = false, missing } = given;
  return { env, hasImage: vi.fn(() => Promise.resolve(image)), missingTools: vi.fn(() => Promise.resolve(missing)) };
}

describe('the broker of tests that any broker will do for', () => {
  it('is the one that FORKCAST_TEST_KAFKA names, and nothing else is looked for', async () => {
    const around = surroundings({ env: { FORKCAST_TEST_KAFKA: 'kafka-1.example:9092,10.0.0.1:9093' }, image: true });
    expect(await chooseBroker(around)).toEqual({ kind: 'given', bootstrap: 'kafka-1.example:9092,10.0.0.1:9093' });
    expect(around.hasImage).not.toHaveBeenCalled();
    expect(around.missingTools).not.toHaveBeenCalled();
  });

  it.each(['localhost', 'kafka://localhost:9092', 'localhost:9092, other:9092'])('is not looked for where that is %s', async (address) => {
    await expect(chooseBroker(surroundings({ env: { FORKCAST_TEST_KAFKA: address }, image: true }))).rejects.toThrow(address);
  });

  it('is a container where Docker has the image, of the version that the jars have', async () => {
    const around = surroundings({ env: { FORKCAST_TEST_KAFKA: '' }, image: true, missing: NO_JAVA });
    expect(await chooseBroker(around)).toEqual({ kind: 'docker', image: KAFKA_IMAGE });
    expect(around.hasImage).toHaveBeenCalledExactlyOnceWith(KAFKA_IMAGE);
    expect(KAFKA_IMAGE).toMatch(/^apache\/kafka:4\.\d+\.\d+$/);
  });

  it('is a process of the jars where there is no Docker, or it has not the image', async () => {
    expect(await chooseBroker(surroundings({}))).toEqual({ kind: 'local' });
  });

  it('is not to be had without Java, and it is said why', async () => {
    expect(await chooseBroker(surroundings({ missing: NO_JAVA }))).toEqual({ kind: 'none', reason: NO_JAVA });
  });
});
