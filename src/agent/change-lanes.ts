import type { LaneChanges } from '../pipeline/lane-changes.ts';
import type { Lane } from '../pipeline/lane.ts';
import type { LaneFactory } from './lanes.ts';
import type { ReloadPlan } from './reload-plan.ts';

export interface ChangeLanesParts {
  readonly factory: LaneFactory;
  /** The lane of a sink that is there. */
  readonly laneOf: (sink: string) => Lane;
}

/** What a plan means for the lanes. Nothing is opened. */
export function changeLanes({ added, changed, removed }: ReloadPlan, { factory, laneOf }: ChangeLanesParts): LaneChanges {
  return {
    added: added.map((sink) => factory.create(sink)),
    changed: changed.map(({ from: before, to }) => {
      const from = laneOf(before.name);
      return { from, to: factory.retarget(from, to), again: () => factory.retarget(from, before) };
    }),
    removed: removed.map(laneOf),
  };
}
