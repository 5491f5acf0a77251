/** The names of the chart's values. */
import { readFileSync } from 'node:fs';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
}

const schema: Schema = JSON.parse(readFileSync('charts/scim-operator/values.schema.json', 'utf8'));

/** The values at the top level. */
export const VALUE_NAMES: ReadonlySet<string> = new Set(Object.keys(schema.properties ?? {}));

/** The paths of all values, such as `database.existingSecret.name`. */
export const VALUE_PATHS: ReadonlySet<string> = new Set(pathsOf(schema, ''));

function pathsOf({ properties = {} }: Schema, prefix: string): readonly string[] {
  return Object.entries(properties).flatMap(([name, of]) => {
    const path = `${prefix}${name}`;
    return [path, ...pathsOf(of, `${path}.`)];
  });
}
