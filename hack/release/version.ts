/** The version is set in package.json. These checks find every other place that has it. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadYaml } from '@kubernetes/client-node';
import { readArchive } from '../image/archive.ts';
import type { Outcome } from './outcome.ts';

const RELEASE = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;
const CHART = 'charts/scim-operator/Chart.yaml';
const DOCUMENTS = ['README.md', 'SECURITY.md', 'docs/**/*.md', 'examples/**/*.yaml'];
/** The image or the chart of a version, the value of the chart, and the tag in a GitOps resource. */
const MENTION =
  /(?:\/scim-operator:|\bimage\.tag=|\btag: v|\btargetRevision: v)(?<version>\d+\.\d+\.\d+(?:-[\w.]*\w)?)/g;
const VERSION_LABEL = 'org.opencontainers.image.version';

/** `root` is the folder of the sources. */
export function checkVersion(root: string): Outcome {
  const version = versionIn(root);
  return {
    name: 'version',
    found: `${version} in package.json, package-lock.json, the chart and the documents`,
    faults: [
      ...packageFaults(root, version),
      ...chartFaults(root, version),
      ...documentFaults(root, version),
    ],
  };
}

export function checkChangelog(root: string): Outcome {
  const version = versionIn(root);
  const heading = `## ${version} - YYYY-MM-DD`;
  const [title = '', ...lines] = sectionOf(
    readFileSync(join(root, 'CHANGELOG.md'), 'utf8'),
    version,
  );
  const faults: string[] = [];
  if (title === '') {
    faults.push(`CHANGELOG.md has no section "${heading}"; move what is unreleased into one`);
  } else if (!/ - \d{4}-\d{2}-\d{2}$/.test(title)) {
    faults.push(`CHANGELOG.md has "${title}" without a date; write "${heading}"`);
  } else if (lines.every((line) => !line.startsWith('- '))) {
    faults.push(`CHANGELOG.md lists no change in "${title}"; describe what users notice`);
  }
  return { name: 'changelog', found: title.replace('## ', ''), faults };
}

/** The archives of this version in dist/. There may be none yet. */
export function checkImages(root: string): Outcome {
  const version = versionIn(root);
  const archives = globSync(`dist/scim-operator-${version}*.tar`, { cwd: root }).toSorted();
  const faults = archives.flatMap((file) => {
    const label = readArchive(join(root, file)).config.Labels[VERSION_LABEL];
    if (label === version) return [];
    return [
      `the image in ${file} has the version ${label}; build it again with make image-archive`,
    ];
  });
  const found =
    archives.length === 0 ? 'none is built' : `labelled ${version}: ${archives.join(', ')}`;
  return { name: 'images', found, faults };
}

export function versionIn(root: string): string {
  return (read(root, 'package.json') as { readonly version: string }).version;
}

function packageFaults(root: string, version: string): readonly string[] {
  const lock = read(root, 'package-lock.json') as {
    readonly version: string;
    readonly packages: { readonly '': { readonly version: string } };
  };
  const faults: string[] = [];
  if (!RELEASE.test(version) || version === '0.0.0') {
    faults.push(
      `package.json has the version ${version}, which can't be released; ` +
        'run npm version --no-git-tag-version with the next one, and then make generate',
    );
  }
  const other = [lock.version, lock.packages[''].version].find((each) => each !== version);
  if (other !== undefined) {
    faults.push(`package-lock.json has the version ${other}; run npm install --package-lock-only`);
  }
  return faults;
}

function chartFaults(root: string, version: string): readonly string[] {
  if (!existsSync(join(root, CHART))) return [`${CHART} is missing; run make generate`];
  const chart = loadYaml<Readonly<Record<string, string>>>(readFileSync(join(root, CHART), 'utf8'));
  return ['version', 'appVersion']
    .filter((field) => chart[field] !== version)
    .map((field) => `${CHART} has the ${field} ${chart[field]}; run make generate`);
}

function documentFaults(root: string, version: string): readonly string[] {
  const files = globSync(DOCUMENTS, { cwd: root }).toSorted();
  return files.flatMap((file) => {
    const mentions = readFileSync(join(root, file), 'utf8').matchAll(MENTION);
    const others = new Set([...mentions].map((each) => each.groups?.version ?? ''));
    others.delete(version);
    return [...others].map((other) => `${file} names the version ${other}; write ${version}`);
  });
}

/** The lines from the heading to the next one of the same level. Empty if there is no section. */
function sectionOf(changelog: string, version: string): readonly string[] {
  const sections = changelog.split(/^(?=## )/m);
  const section = sections.find((each) => each.split(/\s/, 2).join(' ') === `## ${version}`);
  return section === undefined ? [] : section.trimEnd().split('\n');
}

const read = (root: string, path: string): unknown =>
  JSON.parse(readFileSync(join(root, path), 'utf8'));
