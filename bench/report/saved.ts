/** Keeps what was measured, so that a run of some sections leaves the others as they are. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Results } from './results.ts';

/** Returns the results of both runs, with the sections of the new one. */
export function merged(saved: readonly Results[], fresh: readonly Results[]): readonly Results[] {
  const kinds = new Set([...saved, ...fresh].map(({ kind }) => kind));
  return [...kinds].map((kind) =>
    Object.assign({ kind }, ...[saved, fresh].map((all) => all.find((each) => each.kind === kind))),
  );
}

export function readSaved(file: string): readonly Results[] {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results[]) : [];
}

/** One line for each section. */
export function save(file: string, all: readonly Results[]): void {
  const lines = all.map((results) => {
    const sections = Object.entries(results).map(
      ([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(rounded(value))}`,
    );
    return `  {\n${sections.join(',\n')}\n  }`;
  });
  writeFileSync(file, `[\n${lines.join(',\n')}\n]\n`);
}

const rounded = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, each: unknown) =>
      typeof each === 'number' ? Number(each.toPrecision(5)) : each,
    ) ?? 'null',
  );
