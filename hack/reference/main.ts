/** Writes the tables of docs/reference/metrics.md; run it with `make generate`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allMetrics, fillInMetrics } from './metrics.ts';

const page = join(import.meta.dirname, '..', '..', 'docs', 'reference', 'metrics.md');
writeFileSync(page, fillInMetrics(readFileSync(page, 'utf8'), allMetrics()));
