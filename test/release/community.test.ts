/** What GitHub and Renovate read: they report a mistake only once it is on the main branch. */
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { loadYaml } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';

interface Form {
  readonly name: string;
  readonly description: string;
  readonly body: readonly {
    readonly type: string;
    readonly id?: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
}

/** See "Syntax for GitHub's form schema" in GitHub's documentation. */
const REQUIRED: Readonly<Record<string, string>> = {
  markdown: 'value',
  textarea: 'label',
  input: 'label',
  dropdown: 'options',
};
const forms = globSync('.github/ISSUE_TEMPLATE/*.yml').filter(
  (file) => basename(file) !== 'config.yml',
);

describe('the forms for issues', () => {
  it('exist', () => {
    expect(forms.length).toBeGreaterThan(0);
  });

  it.each(forms)('%s has what GitHub requires', (file) => {
    const form = loadYaml<Form>(readFileSync(file, 'utf8'));
    expect(form.name).toBeTruthy();
    expect(form.description.length).toBeLessThanOrEqual(200);
    const ids = form.body.flatMap(({ id }) => id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { type, attributes } of form.body) {
      expect(attributes, type).toHaveProperty(REQUIRED[type] ?? `no such type: ${type}`);
    }
  });
});

describe('the configuration of Renovate', () => {
  it('keeps the pins of npm packages, images and actions', () => {
    const { extends: presets } = JSON.parse(readFileSync('renovate.json', 'utf8'));
    expect(presets).toEqual(
      expect.arrayContaining([
        ':pinAllExceptPeerDependencies',
        'docker:pinDigests',
        'helpers:pinGitHubActionDigestsToSemver',
      ]),
    );
  });
});
