/**
 * How the shell commands of the documentation are run. A block without an entry is run as it is.
 * A line that starts with a key of NOT_RUN is left out.
 */

/** What a block needs besides an API server with the CRDs, the program and its database. */
export interface Preparation {
  /** Shell that runs before the block. */
  readonly before?: string;
  /** Each placeholder of the block, and what stands there instead. */
  readonly replace?: Readonly<Record<string, string>>;
}

/** Why a command is not run with the others. */
export interface Excuse {
  /** The program or service that is missing there. */
  readonly needs: string;
  /** The test that runs it, if one does. */
  readonly runBy?: string;
}

const DEMO: Excuse = {
  needs: 'a control plane of its own, which it starts',
  runBy: 'test/e2e/demo.test.ts',
};
const POD = 'a node with a container runtime, for the pod';
const OPENSHIFT: Excuse = {
  needs: 'OpenShift and oc; there, kubectl and a CRD for Group stand in for them',
  runBy: 'test/e2e/group-sync-operator.test.ts',
};

/** By page and by the start of the line. */
export const NOT_RUN: Readonly<Record<string, Readonly<Record<string, Excuse>>>> = {
  'README.md': { 'make demo': DEMO },
  'docs/guides/backup-and-recovery.md': {
    '(umask 077 && kubectl --namespace scim-operator exec': {
      needs: POD,
      runBy: 'test/installed/defaults.test.ts',
    },
    'kubectl --namespace scim-operator attach': {
      needs: POD,
      runBy: 'test/installed/defaults.test.ts',
    },
  },
  'docs/guides/migrate-from-group-sync-operator.md': {
    'oc get groups': OPENSHIFT,
    'oc get rolebindings': OPENSHIFT,
    'oc get clusterrolebindings': OPENSHIFT,
    'oc get group Engineering': OPENSHIFT,
    'kubectl label namespace shop': OPENSHIFT,
    'kubectl --namespace shop get rolebindings': OPENSHIFT,
    'diff before after': OPENSHIFT,
    'oc delete groups': OPENSHIFT,
  },
  'docs/guides/operations.md': {
    'kubectl --namespace scim-operator logs': { needs: POD },
    'kubectl --namespace scim-operator exec': { needs: POD },
  },
  'docs/guides/quick-start.md': {
    'make demo': DEMO,
    'source .demo/env': DEMO,
    'kubectl get scim --all-namespaces': DEMO,
    'make kind': { needs: 'Docker or podman' },
    'make image': { needs: 'docker, podman or buildah' },
    'docker push': { needs: 'a registry' },
    'kubectl --namespace scim-operator port-forward': { needs: POD },
  },
};

const INTEGRATION = `kubectl apply -f examples/scimintegration.yaml
kubectl --namespace acme wait scimint/company-idp --for condition=Ready
until_accepted company-idp`;
const BINDING = `kubectl apply -f - <<END
apiVersion: scim-operator.dev/v1alpha1
kind: ScimGroupBinding
metadata: {name: engineering-deploys, namespace: acme}
spec: {tenant: acme, group: {displayName: Engineering}, roleRef: {kind: ClusterRole, name: view}}
END`;

/** Adds the user whom a guide deactivates. Its id is in ID. */
const ADA = 'ID=$(create_user ada@acme.example)';

const INSTALLED =
  'helm install scim-operator charts/scim-operator --namespace scim-operator --create-namespace --set publicUrl=https://scim.example.com';

/** By page and by the start of the block's first line that is run. */
export const PREPARATIONS: Readonly<Record<string, Readonly<Record<string, Preparation>>>> = {
  'README.md': {
    'kubectl get scimint -A -o wide': { before: INTEGRATION },
    'make build ': {
      replace: {
        'node_modules/.bin/node dist/scim-operator.js':
          'until_serving node_modules/.bin/node dist/scim-operator.js',
      },
    },
    'SCIM_OPERATOR_TOKEN=…': {
      replace: {
        'SCIM_OPERATOR_TOKEN=…': 'SCIM_OPERATOR_TOKEN=$TOKEN',
        'https://scim.example.com/api/v1/acme/integrations/…/scim/v2': '"$ENDPOINT"',
      },
    },
  },
  'charts/scim-operator/README.md': {
    'kubectl create namespace scim-operator': {
      before: 'echo "$POSTGRES" > database-url.txt',
      replace: { 'kubectl create namespace scim-operator    # unless it exists': '' },
    },
  },
  'docs/guides/backup-and-recovery.md': {
    'scim-operator backup --database-url file:directory.db': {
      before: 'mkdir backup',
      replace: {
        '/backup/': 'backup/',
        'postgres://… --to backup/directory-': '"$POSTGRES" --to backup/postgres-',
      },
    },
    'kubectl get scimint,scimgb -A': { before: `${INTEGRATION}\n${BINDING}` },
    'scim-operator restore': {
      before: 'mv backup/directory-*.db backup/directory.db',
      replace: { '/backup/': 'backup/', 'file:directory.db': 'file:restored.db' },
    },
  },
  'docs/guides/break-glass.md': {
    'kubectl --namespace acme patch scimint company-idp': {
      before: `${INTEGRATION}\n${BINDING}\n${ADA}`,
    },
    'ENDPOINT=$(kubectl --namespace acme get scimint': {
      before: `kubectl --namespace acme annotate scimint company-idp scim-operator.dev/reconcile-
kubectl --namespace acme patch scimint company-idp --type merge --patch '{"spec":{"enabled":true}}'
until_accepted company-idp`,
      replace: { '/Users/ID"': '/Users/$ID"' },
    },
  },
  'docs/guides/gitops.md': {
    'kubectl --namespace argocd patch configmap argocd-cm': {
      before: `kubectl create namespace argocd
kubectl --namespace argocd create configmap argocd-cm`,
    },
  },
  'docs/guides/operations.md': {
    'helm upgrade scim-operator': { before: INSTALLED },
    'scim-operator activity': {
      before: `kubectl create namespace acme
kubectl apply -f - <<END
apiVersion: scim-operator.dev/v1alpha1
kind: ScimIntegration
metadata: {name: okta, namespace: acme}
END
kubectl --namespace acme wait scimint/okta --for condition=Ready
until_accepted okta`,
    },
  },
  'docs/guides/postgresql.md': {
    'export SCIM_OPERATOR_TO=': {
      before: 'scim-operator backup --database-url file:directory.db --to copied.db',
      replace: {
        'postgres://scim:…@db.example.com/scim': '"$EMPTY_POSTGRES"',
        'file:directory.db': 'file:copied.db',
      },
    },
  },
  'docs/guides/quick-start.md': {
    // The variables of the demo's file.
    'ID=$(curl': {
      before: `${INTEGRATION}\n${ADA}\nSCIM_BASE=$ENDPOINT\nSCIM_TOKEN=$TOKEN`,
    },
    'make build': { before: 'until_accepted company-idp' },
    // It creates the user whom the demo has.
    'curl --fail-with-body': {
      before:
        'curl --fail --request DELETE "$ENDPOINT/Users/$ID" --header "Authorization: Bearer $TOKEN"',
    },
  },
  'docs/guides/sign-in.md': {
    'kubectl create namespace scim-operator': {
      before:
        'sign_in "$(kubectl --namespace platform create token console --audience scim-operator)"',
      replace: { 'kubectl create namespace scim-operator    # unless it exists': '' },
    },
  },
  'docs/guides/test-connection.md': {
    'export SCIM_OPERATOR_TOKEN=': { before: INTEGRATION },
  },
  'docs/reference/database.md': {
    'SCIM_OPERATOR_DATABASE_URL=': {
      replace: {
        "'postgres://scim_owner:…@db/scim?schema=directory'": '"$EMPTY_POSTGRES"',
        "'postgres://scim:…@db/scim?schema=directory'": '"$EMPTY_POSTGRES"',
        'scim-operator server …':
          'until_serving scim-operator server --public-url https://scim.example.com',
      },
    },
  },
  'docs/reference/scimgroupbinding.md': {
    'kubectl get scimgb -n acme': {
      before: `${INTEGRATION}
kubectl apply -f examples/scimgroupbinding.yaml
${ADA}
create_group Engineering "$ID"
until kubectl auth can-i list deployments -n acme --as=scim:ada@acme.example; do sleep 0.1; done`,
    },
  },
  'docs/reference/conditions.md': {
    'kubectl --namespace acme get scimint company-idp': { before: INTEGRATION },
  },
};
