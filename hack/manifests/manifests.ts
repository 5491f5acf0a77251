/** One file with everything that an installation without helm needs, made from the chart. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { OPTIONS } from '../../src/config/options.ts';
import { printYaml } from '../../src/crd/yaml.ts';
import { kubernetesVersion } from '../control-plane/versions.ts';
import { helmProgram } from '../helm/programs.ts';

const CHART = join(import.meta.dirname, '..', '..', 'charts', 'scim-operator');
/** Of the namespace and of everything in it. */
const NAME = 'scim-operator';
const DATABASE = { name: 'scim-operator-database', key: 'url' };
const PUBLIC_URL = 'https://scim.example.com';
const SQLITE_URL = 'file:/var/lib/scim-operator/directory.db';

const HEADER = `# scim-operator ${packageJson.version}
#
# 1. Change the values that are marked with CHANGE:
#    - the public URL
#    - the image, which is not published yet
#    - the database, if you use PostgreSQL
# 2. kubectl apply --server-side -f install.yaml
# 3. Make the public URL lead to the Service ${NAME}.
#
# After a change of the public URL or the database, run:
#   kubectl --namespace ${NAME} rollout restart deployment/${NAME}
# kubectl delete -f install.yaml also deletes the volume, the CRDs and every ScimIntegration.
`;

const VALUES = {
  publicUrl: PUBLIC_URL,
  // A variable of its own precedes those of the ConfigMap.
  extraEnv: [{ name: OPTIONS.databaseUrl.variable, valueFrom: { secretKeyRef: DATABASE } }],
};

/** Lines that say that helm manages the objects. */
const OF_HELM =
  /^ +(?:app\.kubernetes\.io\/managed-by: Helm|helm\.sh\/chart: .*)\n|^# Source: .*\n/gm;

const IMAGE = /^ +image: ".*"$/gm;

export async function printManifests(): Promise<string> {
  const version = `--kube-version=${kubernetesVersion()}`;
  const args = ['template', NAME, CHART, '--namespace', NAME, '--values', '-', version];
  const rendered = execFileSync(await helmProgram('v4'), args, {
    input: JSON.stringify(VALUES),
    encoding: 'utf8',
    env: { ...process.env, KUBECONFIG: '/dev/null' },
    maxBuffer: 64 * 1024 * 1024,
  });
  const objects = rendered.replaceAll(OF_HELM, '').replace(/^---\n/, '');
  const text = [namespace(), database(), objects].join('---\n');
  const marked = mark(mark(text, PUBLIC_URL), SQLITE_URL).replaceAll(IMAGE, '$& # CHANGE');
  return `${HEADER}---\n${marked}`;
}

const namespace = () =>
  printYaml({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAME, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });

const database = () =>
  printYaml({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: NAME, name: DATABASE.name },
    type: 'Opaque',
    stringData: { [DATABASE.key]: SQLITE_URL },
  });

/** The first line that ends with the value. */
const mark = (text: string, value: string): string =>
  text.replace(`"${value}"\n`, () => `"${value}" # CHANGE\n`);
