import type { DriverName } from '../../../test/helpers/kafka/driver-settings.ts';
import { brokerAddresses } from '../../kafka-broker.ts';
import { measurePaced } from '../../lane/paced.ts';
import { Meter } from '../../measurement.ts';
import type { Measurement } from '../../measurement.ts';
import { createSink } from './create-sink.ts';
import { withTopic } from './topic.ts';

export const LINGER_MS = 10;
const BOUNDS = { maxEvents: 5000, maxBytes: 4 * 2 ** 20, lingerMs: LINGER_MS };

export function measureLatency(driver: DriverName, seconds: number): Promise<Measurement> {
  return withTopic(1, (topic) => {
    const sink = createSink({ driver, compression: 'zstd', bootstrap: brokerAddresses().near, topic, spread: false });
    return measurePaced({ sink, bounds: BOUNDS, meter: new Meter() }, seconds);
  });
}
