/** Generates the tables of docs/reference/sign-in.md from the schema of the file. */
import { z } from 'zod';
import { PRESETS, PROVIDER_TYPES, typeNamed } from '../../src/sso/config/presets.ts';
import { matchSchema, providerSchema } from '../../src/sso/config/schema.ts';
import { cell, fillIn } from './tables.ts';

/** Replaces the tables in the document. */
export function fillInSignIn(document: string): string {
  const header = ['| field | | allowed | meaning |', '|---|---|---|---|'];
  const rows = Object.entries(providerSchema.shape).flatMap(([name, field]) => [
    rowOf(name, field),
    ...(name === 'match' ? rowsOfMatch() : []),
  ]);
  const filled = fillIn(document, 'fields', [...header, ...rows].join('\n'));
  return fillIn(filled, 'presets', tableOfPresets());
}

const rowsOfMatch = (): readonly string[] =>
  Object.entries(matchSchema.shape).map(([name, field]) => rowOf(`match.${name}`, field));

function rowOf(name: string, field: z.ZodType): string {
  const isOptional = field.safeParse(undefined).success;
  const described = field instanceof z.ZodOptional ? [field, field.unwrap()] : [field];
  const descriptions = described.map((each) => (each instanceof z.ZodType ? each.description : ''));
  const description = descriptions.find((each) => each !== undefined && each !== '') ?? '';
  const need = isOptional ? 'optional' : 'required';
  return `| \`${name}\` | ${need} | ${cell(allowedIn(field))} | ${cell(description)} |`;
}

/** What the error about a wrong value says that it must be. An empty list may be wrong as well. */
function allowedIn(field: z.ZodType): string {
  const [text] = [[], null]
    .map((wrong) => field.safeParse(wrong).error?.issues[0]?.message)
    .filter((message) => message !== undefined);
  return text ?? '';
}

function tableOfPresets(): string {
  const names = ['okta', 'entra', 'authentik', 'keycloak'];
  const rows = PROVIDER_TYPES.map((type) => {
    const { displayName, match } = PRESETS[type];
    const name = names.find((each) => typeNamed(each) === type);
    const cells = [
      `\`${type}\``,
      name === undefined ? 'any other' : `\`${name}\``,
      displayName ?? 'the name',
      `\`${match.claim}\``,
      `\`${match.attribute}\``,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const header = '| type | name that sets it | displayName | match.claim | match.attribute |';
  return [header, '|---|---|---|---|---|', ...rows].join('\n');
}
