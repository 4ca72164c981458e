import { loadConfig } from '../../config/load.ts';
import { readSecret } from '../../config/read-secret.ts';
import { AgentError } from '../../core/errors.ts';
import { escapeText } from '../../core/text.ts';
import { checkSubject, subjectFault } from '../../sink/registry/check-subject.ts';
import { RegistryClient } from '../../sink/registry/client.ts';
import type { CliIo } from '../io.ts';
import { print } from '../print.ts';
import { registrationFrom, registrationsOf } from './registration.ts';
import type { Registration, RegistryOptions } from './registration.ts';

export interface SchemaRegisterOptions extends RegistryOptions {
  readonly config?: string;
  readonly set: readonly string[];
  /** Ask only. */
  readonly dryRun?: true;
  readonly json?: true;
}

/** What became of one schema under one subject; `reason` where the registry does not take it. */
interface Result {
  readonly sink: string | null;
  readonly subject: string;
  readonly schema: string;
  readonly id: number | null;
  readonly outcome: 'registered' | 'known' | 'would_register' | 'incompatible';
  readonly reason: string | null;
}

/** `forkcast schema register`: resolves to 1 where the registry does not take a schema. Throws USAGE, REGISTRY_UNREACHABLE, REGISTRY_REFUSED. */
export async function schemaRegister(options: SchemaRegisterOptions, io: CliIo): Promise<number> {
  const results: Result[] = [];
  for (const { sink, registry, subjects } of wantedBy(options)) {
    const client = new RegistryClient(registry, (reference) => readSecret(reference, { ...io.env }));
    const settle = options.dryRun === true ? foresee : register;
    for (const wanted of subjects) results.push({ sink, ...wanted, schema: wanted.schema.fullName, ...(await settle(client, wanted)) });
  }
  await print(io.stdout, options.json === true ? `${JSON.stringify({ subjects: results }, null, 2)}\n` : table(results));
  return results.some(({ outcome }) => outcome === 'incompatible') ? 1 : 0;
}

function wantedBy({ config, set, dryRun: _dryRun, json: _json, ...where }: SchemaRegisterOptions): readonly Registration[] {
  if (where.url !== undefined) return [registrationFrom(where)];
  const [extra] = Object.keys(where);
  if (extra !== undefined)
    throw new AgentError(
      'USAGE',
      `--${extra.replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)} has a meaning with --url only`,
      {
        fix: 'Add --url, or keep the rest in the configuration.',
      },
    );
  return registrationsOf(loadConfig({ file: config, overrides: set }).config.sinks);
}

type Wanted = Registration['subjects'][number];
type Settled = Pick<Result, 'id' | 'outcome' | 'reason'>;

/** Each answer has its own limit of time. */
const never = new AbortController().signal;

async function register(client: RegistryClient, { subject, schema }: Wanted): Promise<Settled> {
  const wanted = { subject, schema: schema.text };
  const known = await client.lookup(wanted, never);
  if (known !== undefined) return { id: known, outcome: 'known', reason: null };
  try {
    return { id: await client.register(wanted, never), outcome: 'registered', reason: null };
  } catch (error) {
    if (!(error instanceof AgentError) || error.code !== 'SCHEMA_INCOMPATIBLE') throw error;
    return { id: null, outcome: 'incompatible', reason: error.message };
  }
}

async function foresee(client: RegistryClient, { subject, schema }: Wanted): Promise<Settled> {
  const report = await checkSubject(client, { subject, schema: schema.text }, never);
  const fault = subjectFault(report, { fullName: schema.fullName, autoRegister: true });
  if (fault !== undefined) return { id: null, outcome: 'incompatible', reason: fault.message };
  return { id: report.id, outcome: report.id === null ? 'would_register' : 'known', reason: null };
}

const WORDS: Readonly<Record<Result['outcome'], string>> = {
  registered: 'registered',
  known: 'known already',
  would_register: 'would be registered',
  incompatible: 'INCOMPATIBLE',
};

function table(results: readonly Result[]): string {
  const width = Math.max(...results.map(({ subject }) => subject.length));
  const lines = results.map(({ subject, schema, id, outcome, reason }) => {
    const what = `${WORDS[outcome]}${id === null ? '' : `, id ${id}`}`;
    return `${subject.padEnd(width)}  ${schema}: ${what}\n${reason === null ? '' : `  ${escapeText(reason)}\n`}`;
  });
  return lines.join('');
}
