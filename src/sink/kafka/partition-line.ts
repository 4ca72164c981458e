import { Line } from '../../core/line.ts';
import type { Shipment } from './shipment.ts';

/**
 * The shipments for one partition: only the first is sent, and it stays the first until it is done, however often that takes, or until nobody will come with it
 * again. So none overtakes another, and nothing goes to a partition of which it is not known what it has.
 */
export class PartitionLine extends Line<Shipment> {
  /** What was given up may be there: what comes next, with the same sequence, would be taken for it. */
  isUnsure = false;

  isFirst(shipment: Shipment): boolean {
    return this.first === shipment;
  }

  /** Takes away the doubt, where there is one, before the first is sent: `renew` makes the producer a new one there. */
  async clear(renew: () => Promise<void>): Promise<void> {
    if (!this.isUnsure) return;
    await renew();
    this.isUnsure = false;
  }
}
