import { Option } from 'commander';
import type { Command } from 'commander';
import { SUBJECT_STRATEGIES } from '../sink/registry/subject.ts';
import { examples, subcommand, withConfig } from './command-parts.ts';
import type { Parsed, Wiring } from './command-parts.ts';
import type { SchemaRegisterOptions } from './schema/register.ts';
import type { SchemaOptions } from './schema.ts';

/** `schema` and its own commands. */
export function addSchema(wiring: Wiring): void {
  const schema = subcommand(wiring.program, 'schema', 'the Avro schemas of the events: list, show, register').addHelpText(
    'after',
    examples([
      ['forkcast schema list', 'their names, versions and fingerprints'],
      ['forkcast schema show ProcessEvent', 'every field with its meaning'],
      ['forkcast schema register --url http://localhost:8081 --topic process-events', 'with a schema registry'],
    ]),
  );
  addList(schema, wiring);
  addShow(schema, wiring);
  addRegister(schema, wiring);
}

function action(schema: Command, name: string, summary: string): Command {
  return subcommand(schema, name, summary)
    .showHelpAfterError(`forkcast schema ${name} --help shows how it is used`)
    .option('--json', 'print JSON');
}

function addList(schema: Command, { io, done }: Wiring): void {
  action(schema, 'list', 'the schemas that this version writes')
    .addHelpText('after', examples([['forkcast schema list', 'the fingerprint is CRC-64-AVRO, as in the framing single_object']]))
    .action(async (options: SchemaOptions) => done(await (await import('./schema.ts')).schemaList(options, io)));
}

function addShow(schema: Command, { io, done }: Wiring): void {
  action(schema, 'show', 'print a schema as JSON; with --json on one line, as registries get it')
    .argument('<name>', 'ProcessEvent or AgentEvent')
    .addHelpText(
      'after',
      examples([
        ['forkcast schema show AgentEvent', 'for reading'],
        ['forkcast schema show --json ProcessEvent > ProcessEvent.avsc', 'for a program'],
      ]),
    )
    .action(async (name: string, options: SchemaOptions) => done(await (await import('./schema.ts')).schemaShow(name, options, io)));
}

function addRegister(schema: Command, { io, done }: Wiring): void {
  const register = withConfig(action(schema, 'register', 'register the schemas with the registry of a configuration, or with --url'))
    .addOption(new Option('--url <urls>', 'address of the registry; several with commas between them').conflicts(['config', 'set']))
    .option('--topic <name>', 'topic of the process events')
    .option('--agent-topic <name>', 'topic of what the agent says about itself (default: <topic>-agent)')
    .addOption(
      new Option('--subject-strategy <strategy>', 'what they are registered under (default: topic_name)').choices(SUBJECT_STRATEGIES),
    );
  withCredentials(register)
    .option('--dry-run', 'ask only: what is known, and what the registry would take')
    .addHelpText(
      'after',
      examples([
        ['forkcast schema register -c forkcast.yaml', 'for every sink that uses a registry'],
        ['forkcast schema register -c forkcast.yaml --dry-run', 'exit code 1 if the registry would not take a schema'],
        ['forkcast schema register --url http://localhost:8081 --topic process-events', 'without a configuration'],
      ]),
    )
    .action(async (options: Parsed<SchemaRegisterOptions>) => {
      const { schemaRegister } = await import('./schema/register.ts');
      done(await schemaRegister({ ...options, set: options.set ?? [] }, io));
    });
}

function withCredentials(command: Command): Command {
  return command
    .option('--username <name>', 'user of the registry')
    .option('--password <place>', 'where the password is: env:NAME or file:PATH')
    .option('--token <place>', 'where a bearer token is, in place of a user: env:NAME or file:PATH')
    .option('--ca <file>', 'PEM file with the authorities to trust')
    .option('--cert <file>', 'PEM file with a certificate to show')
    .option('--key <file>', 'PEM file with the key of that certificate')
    .option('--server-name <name>', 'name that the certificate of the registry must have');
}
