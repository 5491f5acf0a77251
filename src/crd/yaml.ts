/**
 * Prints plain data as YAML. The writer of the Kubernetes client uses a generated model of
 * CustomResourceDefinition and drops fields that the model names differently: `default`, `enum` and
 * every `x-kubernetes-…`.
 */

export type YamlValue =
  | string
  | number
  | boolean
  | null
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue | undefined };

/** Ends with a newline. Keeps the order of keys, omits undefined values, and folds nothing. */
export function printYaml(value: YamlValue): string {
  return `${linesOf(value).join('\n')}\n`;
}

const INDENT = '  ';

function linesOf(value: YamlValue): readonly string[] {
  if (isList(value) && value.length > 0) {
    return value.flatMap((item) => {
      const [first = '', ...rest] = linesOf(item);
      return [`- ${first}`, ...rest.map(indent)];
    });
  }
  if (isMap(value)) {
    const entries = Object.entries(value).filter(hasValue);
    if (entries.length > 0) return entries.flatMap(([key, each]) => entryLines(scalar(key), each));
  }
  return [scalar(value)];
}

function entryLines(key: string, value: YamlValue): readonly string[] {
  const lines = linesOf(value);
  const nested = lines.length > 1 || lines[0] !== scalar(value);
  return nested ? [`${key}:`, ...lines.map(indent)] : [`${key}: ${lines[0]}`];
}

const indent = (line: string): string => `${INDENT}${line}`;
const isList = (value: YamlValue): value is readonly YamlValue[] => Array.isArray(value);
const isMap = (value: YamlValue): value is { readonly [key: string]: YamlValue | undefined } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const hasValue = (entry: [string, YamlValue | undefined]): entry is [string, YamlValue] =>
  entry[1] !== undefined;

/** Text that no YAML reader takes for a number, a date, a boolean or an indicator. */
const PLAIN = /^[.]?[A-Za-z][A-Za-z0-9._/,;'()-]*( [A-Za-z0-9(][A-Za-z0-9._/,;'()-]*)*$/;
const RESERVED = /^(y|n|yes|no|on|off|true|false|null|[.](inf|nan))$/i;

/** Text in which JSON would escape quotes and backslashes. Single quotes keep it readable. */
const ESCAPED = /^[ -~]*["\\][ -~]*$/;

/**
 * JSON is also YAML, except that it leaves the line separators of Unicode unescaped, which YAML
 * would fold.
 */
function scalar(value: YamlValue): string {
  if (typeof value === 'string' && PLAIN.test(value) && !RESERVED.test(value)) return value;
  if (typeof value === 'string' && ESCAPED.test(value)) return `'${value.replaceAll("'", "''")}'`;
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
