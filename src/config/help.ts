/** The text of `--help`. */
import type { Option } from './values.ts';

export function formatHelp(
  commands: Readonly<Record<string, string>>,
  options: readonly Option<unknown>[],
  ofCommands: Readonly<Record<string, readonly Option<unknown>[]>>,
): string {
  const commandLines = Object.entries(commands).map(
    ([name, text]) => `  ${name.padEnd(10)}${text}`,
  );
  const sections = Object.entries(ofCommands).map(
    ([name, own]) => `\nOptions of ${name}:\n${own.map(formatOption).join('\n')}\n`,
  );
  return `scim-operator: SCIM 2.0 provisioning for Kubernetes platforms

Usage: scim-operator [command] [options]
       scim-operator --version

Commands:
${commandLines.join('\n')}

Options (each is a flag and an environment variable; the flag takes precedence):
${options.map(formatOption).join('\n')}
${sections.join('')}`;
}

function formatOption({ flag, variable, description, fallback }: Option<unknown>): string {
  const text = fallback === undefined ? '' : ` Default: ${fallback}`;
  return `  --${flag} (${variable})\n      ${description}${text}`;
}
