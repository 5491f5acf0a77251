/** The manifests of custom resources in the documentation: which fields they set. */
import { GROUP } from '../../../src/crd/names.ts';
import { blocksOf, type Page } from './pages.ts';

export interface Manifest {
  readonly kind: string;
  /** Paths such as `spec.token.rotation.interval`. */
  readonly fields: readonly string[];
}

const MANIFEST = new RegExp(`^ *apiVersion: ${GROUP}/v1alpha1\\n *kind: (\\w+)`, 'm');
const KEY = /^( *)((?:- )?)([\w./-]+):/;
const HEREDOC = /<<'?END'?\n([\s\S]*?)\nEND$/gm;

/** Those in blocks of YAML, in here-documents, and below `manifest:` of other objects. */
export function manifestsOf(page: Page): readonly Manifest[] {
  const texts = blocksOf(page).flatMap(({ language, code }) =>
    language === 'yaml' ? [code] : [...code.matchAll(HEREDOC)].map(([, text = '']) => text),
  );
  return texts.flatMap((text) => text.split(/^ *---$/m)).flatMap(manifestIn);
}

/** The paths in blocks of YAML that are no objects of Kubernetes but values of the chart. */
export function chartValuesOf(page: Page, names: ReadonlySet<string>): readonly string[] {
  return blocksOf(page)
    .filter(({ language, code }) => language === 'yaml' && !/^ *apiVersion:/m.test(code))
    .map(({ code }) => fieldsIn(code.split('\n').map((line) => line.slice(code.search(/\S/)))))
    .filter(([first = '']) => names.has(first))
    .flat();
}

function manifestIn(text: string): readonly Manifest[] {
  const found = MANIFEST.exec(text);
  if (found === null) return [];
  const [whole, kind = ''] = found;
  const indent = whole.search(/\S/);
  const body = text.slice(found.index).split('\n');
  const own = body.slice(0, endOf(body, indent));
  return [{ kind, fields: fieldsIn(own.map((line) => line.slice(indent))) }];
}

/** The line at which a less indented one ends the object. */
function endOf(lines: readonly string[], indent: number): number {
  const end = lines.findIndex((line) => line.trim() !== '' && line.search(/\S/) < indent);
  return end < 0 ? lines.length : end;
}

function fieldsIn(lines: readonly string[]): readonly string[] {
  const parents: { readonly depth: number; readonly path: string }[] = [];
  return lines.flatMap((line) => {
    const [, indent, dash = '', key] = KEY.exec(line) ?? [];
    if (indent === undefined || key === undefined) return [];
    const depth = indent.length + dash.length;
    while ((parents.at(-1)?.depth ?? -1) >= depth) parents.pop();
    const path = [parents.at(-1)?.path, key].filter(Boolean).join('.');
    parents.push({ depth, path });
    return [path];
  });
}
