/** The GitHub workflows can't be run here. These are the rules that they keep. */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { loadYaml } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly 'runs-on'?: string;
  readonly 'timeout-minutes'?: number;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly needs?: string | readonly string[];
  readonly uses?: string;
  readonly steps?: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: unknown;
  readonly concurrency?: unknown;
  readonly env?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const files = globSync('.github/workflows/*').toSorted();
const workflows = files.map((file) => {
  const text = readFileSync(file, 'utf8');
  return { file, text, workflow: loadYaml<Workflow>(text) };
});
const jobs = workflows.flatMap(({ file, workflow }) =>
  Object.entries(workflow.jobs).map(([name, job]) => ({ name: `${file}: ${name}`, job })),
);
const steps = jobs.flatMap(({ name, job }) => (job.steps ?? []).map((step) => ({ name, step })));
/** The ones with a list of steps; the others call a workflow. */
const own = jobs.filter(({ job }) => job.uses === undefined);

const targets = [...readFileSync('Makefile', 'utf8').matchAll(/^([a-z0-9-]+):.*## /gm)];
const TARGETS = new Set(targets.map(([, name]) => name));
const PINNED = /^\s+(?:- )?uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;

describe('the workflows', () => {
  it('are those of CI and of a release', () => {
    expect(files).toEqual(['.github/workflows/ci.yml', '.github/workflows/release.yml']);
  });

  it('pin every action to a commit, with its version in a comment', () => {
    const lines = workflows.flatMap(({ text }) => text.split('\n'));
    const uses = lines.filter((line) => /\buses:/.test(line) && !line.includes('uses: ./'));
    expect(uses.length).toBeGreaterThan(10);
    expect(uses.filter((line) => !PINNED.test(line))).toEqual([]);
  });

  it('use one version of each action', () => {
    const used = new Set(steps.flatMap(({ step }) => step.uses ?? []));
    const names = [...used].map((each) => each.split('@')[0]);
    expect(names).toHaveLength(new Set(names).size);
  });

  it.each(workflows)('$file grants nothing by default, and limits concurrency', ({ workflow }) => {
    expect(workflow.permissions).toEqual({});
    expect(workflow.concurrency).toBeDefined();
  });

  it('never run the code of a pull request with permissions', () => {
    const triggers = workflows.flatMap(({ workflow }) => Object.keys(workflow.on));
    expect(triggers).not.toContain('pull_request_target');
    expect(triggers).not.toContain('workflow_run');
  });

  it('declare the permissions of each job', () => {
    expect(jobs.filter(({ job }) => job.permissions === undefined).map(({ name }) => name)).toEqual(
      [],
    );
  });

  it('write only in the two jobs that publish', () => {
    const writing = jobs.filter(({ job }) =>
      Object.values(job.permissions ?? {}).some((access) => access !== 'read'),
    );
    expect(writing.map(({ name, job }) => [name, job.permissions])).toEqual([
      [
        '.github/workflows/release.yml: publish',
        {
          'artifact-metadata': 'write',
          attestations: 'write',
          'id-token': 'write',
          packages: 'write',
        },
      ],
      ['.github/workflows/release.yml: release', { contents: 'write' }],
    ]);
  });

  it('publish only after the checks and the tests', () => {
    const release = workflows.find(({ file }) => file.endsWith('release.yml'))?.workflow.jobs;
    expect(release?.publish?.needs).toEqual(['ci', 'files']);
    expect(release?.ci).toMatchObject({ needs: 'check', uses: './.github/workflows/ci.yml' });
  });

  it('run on a fixed system, and for a limited time', () => {
    const systems = new Set(own.map(({ job }) => job['runs-on']));
    expect([...systems]).toEqual(['ubuntu-24.04']);
    expect(own.filter(({ job }) => !job['timeout-minutes']).map(({ name }) => name)).toEqual([]);
  });

  it('leave no credentials in a checkout', () => {
    const checkouts = steps.filter(({ step }) => step.uses?.startsWith('actions/checkout@'));
    const kept = checkouts.filter(({ step }) => step.with?.['persist-credentials'] !== false);
    expect(kept.map(({ name }) => name)).toEqual([]);
  });

  it('pass values to a shell only through its environment', () => {
    const injected = steps.filter(({ step }) => step.run?.includes('${{'));
    expect(injected.map(({ name }) => name)).toEqual([]);
  });

  it('have scripts that bash can parse', () => {
    const scripts = steps.flatMap(({ step }) => step.run ?? []);
    const broken = scripts.filter((run) => spawnSync('bash', ['-n'], { input: run }).status !== 0);
    expect(broken).toEqual([]);
  });

  it('call targets of make that exist', () => {
    const calls = steps.flatMap(({ step }) =>
      [...(step.run ?? '').matchAll(/\bmake ((?:[a-z0-9-]+ ?)+)/g)].flatMap(([, names = '']) =>
        names.trim().split(' '),
      ),
    );
    expect(calls).toEqual(expect.arrayContaining(['verify', 'test', 'image-archive', 'sbom']));
    expect(calls.filter((name) => !TARGETS.has(name))).toEqual([]);
  });

  it('publish the image that the chart installs', () => {
    const values = loadYaml<{ image: { repository: string } }>(
      readFileSync('charts/scim-operator/values.yaml', 'utf8'),
    );
    const release = workflows.find(({ file }) => file.endsWith('release.yml'));
    expect(release?.workflow.env?.IMAGE).toBe(values.image.repository);
  });
});
