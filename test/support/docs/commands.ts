/** The shell commands in the documentation. */
import { blocksOf, type Page } from './pages.ts';

/** A command as words, without the variables before it. */
export interface Command {
  readonly program: string;
  readonly words: readonly string[];
  readonly line: string;
}

const SHELLS = new Set(['sh', 'bash', 'shell', 'console']);
/** What follows the program, so that the name of a program alone is no command. */
const SPAN = /`((?:make|scim-operator|kubectl|helm) [^`\n]+)`/g;
const INDENTED = /^ {4}((?:make|scim-operator|kubectl|helm) .+)$/gm;
const COMMENT = /(^|\s)#.*$/;
const ASSIGNMENT = /^\w+=/;
const BUNDLE = 'dist/scim-operator.js';
/** Words, quoted or with quoted parts; `$(…)` stays one word. Then what separates commands. */
const WORDS =
  /(?:"(?:\\.|\$\([^)]*\)|[^"\\])*"|'[^']*'|\$\([^)]*\)|\\.|[^\s"'\\|;&<>()])+|[|;&<>()]+/g;
const SEPARATOR = /^[|;&()]+$/;
const REDIRECTION = /^\d*[<>]+$/;

/** The commands in blocks of shell, in indented blocks, and in spans of code. */
export function commandsOf(page: Page): readonly Command[] {
  const spans = [...page.text.matchAll(SPAN)].map(([, code = '']) => code);
  const indented = [...page.text.matchAll(INDENTED)].map(([, code = '']) => code);
  return [...blockLines(page), ...indented, ...spans].flatMap(commandsIn);
}

function blockLines(page: Page): readonly string[] {
  return blocksOf(page)
    .filter(({ language }) => SHELLS.has(language))
    .flatMap(({ language, code }) =>
      code
        .replaceAll(/\\\n\s*/g, ' ')
        .split('\n')
        .filter((line) => language !== 'console' || line.startsWith('$ '))
        .map((line) => line.replace(/^\$ /, '')),
    );
}

/** The commands of a line: those that a shell would run in sequence, and those in `$(…)`. */
export function commandsIn(text: string): readonly Command[] {
  const line = text.replace(COMMENT, '');
  const inner = [...line.matchAll(/\$\(([^()]*)\)/g)].flatMap(([, inside = '']) =>
    commandsIn(inside),
  );
  const commands: string[][] = [[]];
  let redirected = false;
  for (const [word] of line.matchAll(WORDS)) {
    if (SEPARATOR.test(word)) commands.push([]);
    else if (REDIRECTION.test(word)) redirected = true;
    else if (redirected) redirected = false;
    else commands.at(-1)?.push(word.replaceAll(/^["']|["']$/g, ''));
  }
  return [...commands.flatMap((words) => commandOf(words, line)), ...inner];
}

function commandOf(all: readonly string[], line: string): readonly Command[] {
  const first = all.findIndex((word) => !ASSIGNMENT.test(word) && word !== 'export');
  const [program, ...words] = first < 0 ? [] : all.slice(first);
  if (program === undefined) return [];
  if (/(^|\/)node$/.test(program) && words[0]?.endsWith(BUNDLE) === true) {
    return [{ program: 'scim-operator', words: words.slice(1), line }];
  }
  return [{ program, words, line }];
}
