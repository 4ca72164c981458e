import type { Encoded } from '../../core/encoded.ts';
import { Followed } from '../../core/followed.ts';
import type { Line } from '../../core/line.ts';
import type { Shipment } from './shipment.ts';

/** Events of a batch that are placed together: in a line of those that are to be placed before and after them. */
export interface Load {
  readonly events: readonly Encoded[];
  readonly line: Line<Load>;
  /** Once it is known where they go. */
  shipments: readonly Shipment[] | undefined;
}

/** A batch on its way, from the first write of it until it is done with, or nobody will come with it again. */
export class Consignment extends Followed {
  readonly loads: readonly Load[];

  constructor(loads: readonly Load[]) {
    super();
    this.loads = loads;
  }

  get shipments(): readonly Shipment[] {
    return this.loads.flatMap(({ shipments = [] }) => shipments);
  }
}
