import type { ProcessEvent } from '../../core/event.ts';
import type { Known } from '../known.ts';
import { conditionsOf } from './condition.ts';
import type { Condition, UserLookup } from './condition.ts';
import type { FilterRule } from './rule.ts';

/** Totals of the run. */
export interface FilterCounters {
  /** Events of the kernel that were left out: `filtered` in the upstream ledger. */
  filtered: number;
  /** Events left out that no message of the kernel caused: snapshots, and what was recovered. */
  originatedFiltered: number;
}

/**
 * Decides which ProcessEvents are published, before they get their number. The first rule that holds decides. What no rule holds for is
 * treated the opposite way to the last rule: behind an `exclude` all others are published, behind an `include` none. Without rules all are.
 *
 * The table learns from what is left out all the same, so that later events are complete. Snapshots are filtered like all others; what the
 * agent says of itself never is. Rules see what is true, not what redaction leaves of it.
 */
export class EventFilter {
  readonly counters: FilterCounters = { filtered: 0, originatedFiltered: 0 };
  readonly #rules: readonly CompiledRule[];
  readonly #otherwise: boolean;

  constructor(rules: readonly FilterRule[], users: UserLookup) {
    this.#rules = rules.map(({ action, when }) => ({ admits: action === 'include', conditions: conditionsOf(when, users) }));
    this.#otherwise = rules.at(-1)?.action !== 'include';
  }

  /** @param known what the table knows of the event's process; without it rules go by what the event says */
  admits(event: ProcessEvent, known: Known | undefined): boolean {
    const admitted = this.#decide(event, known);
    if (!admitted) {
      if (event.kernel_seq === null) this.counters.originatedFiltered += 1;
      else this.counters.filtered += 1;
    }
    return admitted;
  }

  #decide(event: ProcessEvent, known: Known | undefined): boolean {
    const rules = this.#rules;
    for (let i = 0; i < rules.length; i++) {
      const { admits, conditions } = rules[i] as CompiledRule;
      if (allHold(conditions, event, known)) return admits;
    }
    return this.#otherwise;
  }
}

interface CompiledRule {
  readonly admits: boolean;
  readonly conditions: readonly Condition[];
}

function allHold(conditions: readonly Condition[], event: ProcessEvent, known: Known | undefined): boolean {
  for (let i = 0; i < conditions.length; i++) if (!(conditions[i] as Condition)(event, known)) return false;
  return true;
}
