import { Document, visit } from 'yaml';
import { defaultConfigText } from '../config/default-file.ts';
import { configJsonSchema } from '../config/json-schema.ts';
import { loadConfig } from '../config/load.ts';
import { AgentError } from '../core/errors.ts';
import type { CliIo } from './io.ts';
import { print } from './print.ts';

export interface ConfigOptions {
  readonly defaults?: true;
  readonly schema?: true;
  readonly effective?: true;
  readonly config?: string;
  readonly set: readonly string[];
  readonly json?: true;
}

/** `forkcast config`. Throws USAGE when it is not said what to print, and what loading throws. */
export async function configCommand(options: ConfigOptions, io: CliIo): Promise<number> {
  await print(io.stdout, textOf(options));
  return 0;
}

function textOf({ defaults, schema, effective, config, set, json }: ConfigOptions): string {
  if (effective === true) {
    const loaded = loadConfig({ file: config, overrides: set });
    return json === true ? jsonText(loaded.effective) : yamlText(loaded.effective);
  }
  if (set.length > 0)
    throw new AgentError('USAGE', '--set has a meaning with --effective only', { fix: 'add --effective, or remove --set' });
  if (schema === true) return jsonText(configJsonSchema());
  if (defaults === true) return defaultConfigText();
  throw new AgentError('USAGE', 'it is not said what to print', {
    fix: 'add --defaults, --schema or --effective; forkcast config --help explains them',
  });
}

/** Lists on one line, as the default file has them. */
function yamlText(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Seq(_key, list) {
      list.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
