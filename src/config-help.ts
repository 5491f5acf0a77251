/** The text of `--help`. */
import type { Option } from './config-values.ts';

export function formatHelp(
  commands: Readonly<Record<string, string>>,
  options: readonly Option<unknown>[],
): string {
  const commandLines = Object.entries(commands).map(
    ([name, text]) => `  ${name.padEnd(10)}${text}`,
  );
  const optionLines = options.map((option) => {
    const fallback = option.fallback === undefined ? '' : ` Default: ${option.fallback}`;
    return `  --${option.flag} (${option.variable})\n      ${option.description}${fallback}`;
  });
  return `scim-operator: SCIM 2.0 provisioning for Kubernetes platforms

Usage: scim-operator [command] [options]

Commands:
${commandLines.join('\n')}

Options (each a flag and an environment variable; the flag wins):
${optionLines.join('\n')}
`;
}
