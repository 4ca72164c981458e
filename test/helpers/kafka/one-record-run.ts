import { createDriver, driverSettings } from './driver-settings.ts';
import type { DriverName } from './driver-settings.ts';

/* Run as a process of its own: sends a record and another, closes the driver meanwhile, and ends when nothing keeps it. */
const [name = '', bootstrap = '', topic = ''] = process.argv.slice(2);
const driver = createDriver(name as DriverName, driverSettings(bootstrap));
await driver.open(new AbortController().signal);
const envelope = { prefix: Buffer.from('p'), headers: [], eventIdPrefix: 'run:' };
const event = { stream: 'process', kind: 'EXEC', sequence: 1, timeUs: 1_700_000_000_000_000, bytes: Buffer.from('last') } as const;
const target = { topic, partition: 0, records: [{ key: Buffer.from('k'), envelope, event }] };
await driver.send(driver.prepare(target));
// Closed while it is on its way.
const settled = driver.send(driver.prepare(target)).then(
  () => undefined,
  () => undefined,
);
await driver.close();
await settled;
await driver.close();
