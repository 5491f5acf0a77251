/** What the chart refuses, in a sentence that names the value and what is allowed. */
import { describe, expect, it } from 'vitest';
import { BOTH_HELMS, Helm, useHelm } from '../support/chart/helm.ts';
import { REFUSALS } from '../support/chart/values.ts';

useHelm();

describe.each(BOTH_HELMS)('helm %s', (major) => {
  const helm = new Helm(major);

  it.each(REFUSALS)('refuses %s', async (_, values, said) => {
    await expect(helm.template(values)).rejects.toThrow(said);
  });
});
