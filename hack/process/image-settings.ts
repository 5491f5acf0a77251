/** How the image runs the program, for processes that run it without the image. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface ImageSettings {
  /** Options of Node.js. */
  readonly options: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Reads the Dockerfile of a checkout. */
export function imageSettings(tree: string): ImageSettings {
  const file = readFileSync(join(tree, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
  const entry: unknown = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(file)?.[1] ?? '[]');
  const words = Array.isArray(entry) ? entry.map(String) : [];
  const variables = /^ENV (.*)$/m.exec(file)?.[1]?.matchAll(/(\w+)=(\S+)/g) ?? [];
  // The cache exists only in the image.
  const { NODE_COMPILE_CACHE: _, ...environment } = Object.fromEntries(
    [...variables].map(([, name, value]) => [name, value]),
  );
  return { options: words.filter((word) => word.startsWith('--')), environment };
}
