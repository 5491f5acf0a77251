/** The commands and manifests of the documentation, with the program on a real API server. */
import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../hack/control-plane/start.ts';
import { createDatabase, newPostgres } from '../support/directory/postgres.ts';
import { Checkout, missingPrograms } from '../support/docs/checkout.ts';
import { blocksOf, PAGES } from '../support/docs/pages.ts';
import { excuses, scripts, unusedEntries } from '../support/docs/scripts.ts';
import { documentsIn } from '../support/kube/any-objects.ts';

const missing = missingPrograms();
const BUILD_MS = 15 * 60_000;

describe('the tables of commands', () => {
  it('have no entry without a command', () => {
    expect(unusedEntries()).toEqual([]);
  });

  it('say what a command needs, and name tests that exist', () => {
    for (const { needs, runBy } of excuses()) {
      expect(needs).not.toBe('');
      if (runBy !== undefined) expect(existsSync(runBy), runBy).toBe(true);
    }
  });
});

const title = 'the documentation';
const why = missing.length === 0 ? '' : ` (skipped: ${missing.join(' and ')} not found)`;

describe.skipIf(missing.length > 0)(`${title}${why}`, () => {
  let controlPlane: ControlPlane;
  let installed: Checkout;
  let checkout: Checkout | undefined;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    const [started, empty, filled] = await Promise.all([
      startControlPlane({ controllerManager: true, log: () => undefined }),
      createDatabase(),
      newPostgres(),
    ]);
    controlPlane = started;
    installed = await Checkout.create({
      KUBECONFIG: controlPlane.kubeconfig,
      POSTGRES: filled.database.url,
      EMPTY_POSTGRES: empty.url,
    });
    closing.push(
      () => installed.remove(),
      () => empty.drop(),
      () => filled.close(),
    );
    // The CRDs then are those of the chart, as after an earlier installation.
    await installed.run(`helm install scim-operator charts/scim-operator \\
      --namespace scim-operator --create-namespace --set publicUrl=https://scim.example.com
      helm uninstall scim-operator --namespace scim-operator
      until KUBECACHEDIR=/dev/null kubectl get scim --all-namespaces; do sleep 0.1; done`);
  }, BUILD_MS);
  afterEach(async () => {
    await checkout?.run(CLEAN);
    await checkout?.remove();
    checkout = undefined;
  });
  afterAll(async () => {
    for (const close of closing) await close();
    await controlPlane?.stop();
  });

  it('has manifests without unknown fields', async () => {
    const manifests = PAGES.flatMap((page) =>
      blocksOf(page)
        .filter(({ language }) => language === 'yaml')
        .flatMap(({ code }) => documentsIn(code))
        .filter((text) => /^apiVersion: scim-operator\.dev\//m.test(text)),
    );
    expect(manifests.length).toBeGreaterThan(3);
    const here = manifests.map((text) => text.replace(/^( +namespace:) .*$/m, '$1 default'));
    await installed.run(`kubectl apply --server-side --dry-run=server --validate=strict -f - <<'END'
${here.join('\n---\n')}
END`);
  });

  // That of the chart is the last, and deletes the CRDs.
  it.each(scripts())('has commands in $page that work', async ({ text }) => {
    checkout = installed.copy();
    await checkout.startOperator(['--group-bindings']);
    await checkout.run(text);
  });
});

/** The controller manager takes up to five seconds to delete a namespace, and may be first. */
const CLEAN = `[ -z "$(kubectl --namespace scim-operator get configmap scim-operator --ignore-not-found --output name)" ] ||
  helm uninstall scim-operator --namespace scim-operator
kubectl delete clusterroles --selector app.kubernetes.io/part-of=scim-operator
for name in acme argocd; do
  kubectl get namespace $name --ignore-not-found --output name | grep --quiet . || continue
  kubectl --namespace $name delete scim,secrets,configmaps,roles,rolebindings,serviceaccounts --all
  kubectl delete namespace $name --wait=false
  kubectl replace --raw /api/v1/namespaces/$name/finalize -f - <<END ||
{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"$name"},"spec":{"finalizers":[]}}
END
    kubectl wait --for=delete namespace/$name
done`;
