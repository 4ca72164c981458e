import { compileBrokers } from '../../../src/sink/kafka/brokers-setting.ts';
import type { KafkaDriver } from '../../../src/sink/kafka/driver.ts';
import { KafkajsDriver } from '../../../src/sink/kafka/kafkajs/kafkajs-driver.ts';
import { PlatformaticDriver } from '../../../src/sink/kafka/platformatic/platformatic-driver.ts';
import type { Compression, DriverSettings } from '../../../src/sink/kafka/settings.ts';

export type DriverName = 'platformatic' | 'kafkajs';

export function createDriver(name: DriverName, settings: DriverSettings): KafkaDriver {
  return name === 'kafkajs' ? new KafkajsDriver(settings) : new PlatformaticDriver(settings);
}

/** How a driver reaches plaintext listeners. `bootstrap`: host:port, with commas between. */
export function driverSettings(
  bootstrap: string,
  { compression = 'none', requestTimeoutMs = 30_000 }: { compression?: Compression; requestTimeoutMs?: number } = {},
): DriverSettings {
  return {
    connection: {
      brokers: compileBrokers(bootstrap.split(',')),
      clientId: 'test',
      tls: null,
      sasl: null,
      connectTimeoutMs: 5000,
      requestTimeoutMs,
    },
    compression,
  };
}
