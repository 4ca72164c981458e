import { AgentError } from '../../core/errors.ts';
import { escapeText } from '../../core/text.ts';
import type { RegistryClient, SubjectSchema } from './client.ts';

/** What a registry says about a schema under a subject. Nothing is changed there. */
export interface SubjectReport {
  readonly subject: string;
  /** null: not registered. */
  readonly id: number | null;
  /** Whether it is registered or may be; what is the first of its subject may. */
  readonly isCompatible: boolean;
  /** Why not, where the registry says it. */
  readonly reasons: readonly string[];
  /** BACKWARD, FULL, NONE …: what the registry demands of the next version; null: it does not say. */
  readonly level: string | null;
}

export type SubjectSource = Pick<RegistryClient, 'lookup' | 'compatibility' | 'compatibilityLevel'>;

/** Throws REGISTRY_UNREACHABLE, REGISTRY_REFUSED. */
export async function checkSubject(client: SubjectSource, wanted: SubjectSchema, signal: AbortSignal): Promise<SubjectReport> {
  const { subject } = wanted;
  const id = (await client.lookup(wanted, signal)) ?? null;
  const level = (await client.compatibilityLevel(subject, signal)) ?? null;
  if (id !== null) return { subject, id, isCompatible: true, reasons: [], level };
  const { isCompatible, reasons } = (await client.compatibility(wanted, signal)) ?? { isCompatible: true, reasons: [] };
  return { subject, id, isCompatible, reasons, level };
}

/** Why an agent could not deliver under this subject: SCHEMA_INCOMPATIBLE or SCHEMA_UNREGISTERED. */
export function subjectFault(
  report: SubjectReport,
  of: { readonly fullName: string; readonly autoRegister: boolean },
): AgentError | undefined {
  const { subject, id, isCompatible, reasons } = report;
  if (!isCompatible)
    return new AgentError(
      'SCHEMA_INCOMPATIBLE',
      `the schema ${of.fullName} is incompatible with that of the subject ${escapeText(subject)}${reasons.map((reason) => `; ${reason}`).join('')}`,
      {
        context: { subject },
        fix: 'Use another topic or registry.subject_strategy, or lower the compatibility level of the subject in the registry.',
      },
    );
  return id === null && !of.autoRegister ? unregistered(subject, of.fullName) : undefined;
}

export function unregistered(subject: string, fullName: string): AgentError {
  return new AgentError('SCHEMA_UNREGISTERED', `the schema ${fullName} is not registered under the subject ${escapeText(subject)}`, {
    context: { subject },
    fix: 'Run forkcast schema register, or set registry.auto_register: true.',
  });
}
