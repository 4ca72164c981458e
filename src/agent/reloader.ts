import { issuesOf, originText } from '../config/issue.ts';
import type { ConfigIssue } from '../config/issue.ts';
import type { Config, SinkConfig } from '../config/config.ts';
import type { AgentError } from '../core/errors.ts';
import { asAgentError } from '../core/errors.ts';
import { excerpt } from '../core/text.ts';
import type { Logger } from '../telemetry/log.ts';
import { planReload } from './reload-plan.ts';
import type { Configured, ReloadPlan } from './reload-plan.ts';

/** Who is given another configuration. */
export interface Reloadable {
  /** Names of the sinks that deliver. */
  readonly delivering: ReadonlySet<string>;
  /** All or nothing. */
  change(config: Config, plan: ReloadPlan): Promise<void>;
  tellRefused(reason: string): Promise<void>;
}

export interface ReloaderParts {
  readonly agent: Reloadable;
  /** Reads and checks the configuration anew. */
  readonly load: () => Configured;
  readonly log: Logger;
}

/** Of what the stream is told. */
const REASON_LENGTH = 500;

/**
 * Reloads the configuration on request, one reload at a time; however often it is asked meanwhile, one more follows. Whatever fails, the agent goes on
 * as it was.
 */
export class Reloader {
  readonly #parts: ReloaderParts;
  #now: Configured;
  /** That were removed; some of them deliver yet. */
  #retired: readonly SinkConfig[] = [];
  #isRunning = false;
  #isAsked = false;
  #work: Promise<void> | undefined;

  constructor(now: Configured, parts: ReloaderParts) {
    this.#now = now;
    this.#parts = parts;
  }

  /** Never waits. What is asked before `begin` is done then. */
  request(): void {
    this.#isAsked = true;
    if (this.#isRunning) this.#work ??= this.#all();
  }

  /** The agent runs from now on. */
  begin(): void {
    this.#isRunning = true;
    if (this.#isAsked) this.request();
  }

  /** No more from now on; resolves when what is under way has come to its end. */
  async end(): Promise<void> {
    this.#isRunning = false;
    await this.#work;
  }

  async #all(): Promise<void> {
    while (this.#isAsked && this.#isRunning) {
      this.#isAsked = false;
      await this.#reload();
    }
    this.#work = undefined;
  }

  async #reload(): Promise<void> {
    const { agent, load, log } = this.#parts;
    try {
      const next = load();
      this.#retired = this.#retired.filter(({ name }) => agent.delivering.has(name));
      const plan = planReload(this.#now, next, this.#retired);
      await agent.change(next.config, plan);
      this.#retired = [...this.#retired, ...this.#now.config.sinks.filter(({ name }) => plan.removed.includes(name))];
      this.#now = next;
      log.level = next.config.telemetry.logLevel;
      log.info(summary(plan), 'the configuration was reloaded');
    } catch (thrown) {
      await this.#refused(asAgentError(thrown));
    }
  }

  async #refused(error: AgentError): Promise<void> {
    const { agent, log } = this.#parts;
    const { code, message, fix } = error;
    if (code === 'STOPPED_EARLY') return log.info('the configuration is not reloaded: the agent is being stopped');
    const issues = issuesOf(error);
    for (const issue of issues) log.warn({ code, ...place(issue), fix: issue.fix }, sentence(issue));
    log.warn({ code, ...(fix === undefined ? {} : { fix }) }, `the configuration is not reloaded, the old one goes on: ${message}`);
    const reason = issues.length === 0 ? message : issues.map((issue) => `${sentence(issue)}: ${issue.fix}`).join('; ');
    try {
      await agent.tellRefused(excerpt(reason, REASON_LENGTH));
    } catch (thrown) {
      const { code: why, message: trouble } = asAgentError(thrown);
      log.warn({ code: why }, `the stream was not told of it: ${trouble}`);
    }
  }
}

/** What is different, by name. */
function summary({ added, changed, removed, filter, throttle }: ReloadPlan): Record<string, readonly string[]> {
  const enrich = [...(filter === undefined ? [] : ['filter']), ...(throttle === undefined ? [] : ['throttle'])];
  const lists = { added: added.map(({ name }) => name), changed: changed.map(({ to }) => to.name), removed, enrich };
  return Object.fromEntries(Object.entries(lists).filter(([, names]) => names.length > 0));
}

/** Without the value, which may be a secret. */
const sentence = ({ path, reason }: ConfigIssue): string => (path === '' ? reason : `${path} ${reason}`);
const place = ({ at }: ConfigIssue): { at?: string } => (at === null ? {} : { at: originText(at) });
