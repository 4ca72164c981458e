import { PlatformaticDriver } from '../../../src/sink/kafka/platformatic/platformatic-driver.ts';
import { waitFor } from '../wait-for.ts';
import { driverSettings } from './driver-settings.ts';

/** A broker that has just started gives no producer ids for a moment; resolves when it does. */
export async function readyToProduce(bootstrap: string): Promise<void> {
  const attempt = async (): Promise<true> => {
    const driver = new PlatformaticDriver(driverSettings(bootstrap));
    try {
      await driver.open(new AbortController().signal);
      return true;
    } finally {
      await driver.close();
    }
  };
  await waitFor(attempt, { what: 'producer ids', timeoutMs: 60_000, everyMs: 100 });
}
