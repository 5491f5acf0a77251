/** Puts tables into a page, between `<!-- bench: NAME -->` and `<!-- end -->`. */
import type { Tables } from './tables.ts';

const PLACE = /(<!-- bench: (\S+) -->\n)([\s\S]*?)(<!-- end -->)/g;

/** Tables that were not measured stay. */
export function replaceTables(page: string, tables: Tables): string {
  return page.replace(PLACE, (_, begin: string, name: string, current: string, end: string) => {
    const text = tables[name];
    return text === undefined ? begin + current + end : `${begin}\n${text}\n\n${end}`;
  });
}
