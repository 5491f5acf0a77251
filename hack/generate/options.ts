/** Generates the tables of commands and options in docs/reference/ from the program's own. */
import { COMMANDS } from '../../src/config/arguments.ts';
import { OPTIONS_OF_COMMANDS } from '../../src/config/command-options.ts';
import { OPTIONS } from '../../src/config/options.ts';
import type { Option } from '../../src/config/values.ts';
import { cell, fillIn } from './tables.ts';

/** Replaces the tables in the document. */
export function fillInOptions(document: string): string {
  const ofCommands = Object.entries(OPTIONS_OF_COMMANDS).map(([name, own]) => [
    name,
    tableOf(Object.values<Option<unknown>>(own)),
  ]);
  const tables: Record<string, string> = {
    commands: tableOfCommands(),
    options: tableOf(Object.values(OPTIONS)),
    ...Object.fromEntries(ofCommands),
  };
  return Object.entries(tables).reduce(
    (text, [name, table]) => fillIn(text, name, table),
    document,
  );
}

function tableOfCommands(): string {
  const rows = Object.entries(COMMANDS).map(([name, text]) => `| \`${name}\` | ${cell(text)} |`);
  return ['| command | meaning |', '|---|---|', ...rows].join('\n');
}

function tableOf(options: readonly Option<unknown>[]): string {
  const rows = options.map(({ flag, allowed, fallback, description }) => {
    const preset = fallback === undefined ? '' : `\`${fallback}\``;
    return `| \`--${flag}\` | ${cell(allowed)} | ${preset} | ${cell(description)} |`;
  });
  return ['| flag | value | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}
