import { checkGroup, unknownKey } from './check-group.ts';
import type { CheckedGroup } from './check-group.ts';
import { DEFAULT_SINKS, checkSinks } from './check-sinks.ts';
import { compileConfig } from './config.ts';
import type { Config } from './config.ts';
import { parseConfig } from './document.ts';
import type { ConfigDocument, Written } from './document.ts';
import type { EffectiveConfig } from './effective.ts';
import { invalidConfig, locateFinding } from './issue.ts';
import type { ConfigIssue, Finding, Origin } from './issue.ts';
import { applyOverrides, overrideAt, parseOverride } from './override.ts';
import type { Override } from './override.ts';
import { within } from './path.ts';
import type { ConfigPath } from './path.ts';
import { readConfigFile } from './read.ts';
import { checkRelations } from './relations.ts';
import { CORE_SCHEMA } from './schema.ts';

export interface LoadOptions {
  /** Path of a YAML or JSON file; without one, the defaults. */
  readonly file?: string | undefined;
  /** `path=value`, applied in turn after the file. */
  readonly overrides?: readonly string[];
}

export interface LoadedConfig {
  readonly config: Config;
  readonly effective: EffectiveConfig;
  readonly file: string | null;
  /** The file holds comments only: all is default. */
  readonly setsNothing: boolean;
}

/**
 * The configuration of a file and overrides, checked as a whole; reads the file and touches nothing else.
 * Throws USAGE (an override that is no `path=value`), CONFIG_UNREADABLE, or CONFIG_INVALID with all issues in `context.issues`.
 */
export function loadConfig(options: LoadOptions = {}): LoadedConfig {
  const overrides = (options.overrides ?? []).map(parseOverride);
  const file = options.file ?? null;
  const document = file === null ? undefined : parseConfig(readConfigFile(file), file);
  const tree = applyOverrides(withDefaultSinks(document?.value ?? {}), overrides);
  const { effective, findings } = checkTree(tree);
  if (findings.length > 0) {
    const issues = findings.map((finding) => locateFinding(finding, locator(document, overrides)));
    throw invalidConfig(issues.toSorted(asWritten), file);
  }
  return { config: compileConfig(effective), effective, file, setsNothing: document?.setsNothing ?? false };
}

/** Before the overrides, so that they can adjust the default sinks. */
function withDefaultSinks(tree: Written): Written {
  return Object.hasOwn(tree, 'sinks') ? tree : { ...tree, sinks: DEFAULT_SINKS };
}

function checkTree({ sinks: writtenSinks, ...tree }: Written): { effective: EffectiveConfig; findings: readonly Finding[] } {
  const core = checkGroup(CORE_SCHEMA, tree, []);
  const values = core.values as unknown as Omit<EffectiveConfig, 'sinks'>;
  const sinks = checkSinks(writtenSinks, dataDirOf(core));
  const { telemetry, ...sections } = values;
  const effective: EffectiveConfig = { ...sections, sinks: sinks.sinks, telemetry };
  const findings = [...core.findings.map(knowingSinks), ...sinks.findings];
  return { effective, findings: findings.length > 0 ? findings : checkRelations(effective) };
}

/** A bad one is reported once, not again for each path that follows from it. */
function dataDirOf({ values, findings }: CheckedGroup): string {
  const good = !findings.some(({ path }) => within(path, ['agent', 'data_dir']));
  return good ? (values as unknown as EffectiveConfig).agent.data_dir : CORE_SCHEMA.agent.data_dir.default;
}

/** `sinks` is checked apart, but someone who misspells a section may have meant it. */
function knowingSinks(finding: Finding): Finding {
  return finding.ofKey === true && finding.path.length === 1 ? unknownKey(finding.path, [...Object.keys(CORE_SCHEMA), 'sinks']) : finding;
}

function locator(
  document: ConfigDocument | undefined,
  overrides: readonly Override[],
): (path: ConfigPath, ofKey: boolean) => Origin | null {
  return (path, ofKey) => {
    const override = overrideAt(overrides, path);
    return override === undefined ? (document?.locate(path, ofKey) ?? null) : { override: override.name };
  };
}

/** From the top of the file down, then what the command line brought. */
function asWritten(a: ConfigIssue, b: ConfigIssue): number {
  const [first, second] = [rank(a), rank(b)];
  return first === second ? 0 : first - second;
}

function rank({ at }: ConfigIssue): number {
  if (at === null || 'override' in at) return Infinity;
  // Columns stay below this: a file has at most 2^20 bytes.
  return (at.line ?? 0) * 2 ** 20 + (at.column ?? 0);
}
