/**
 * ScimIntegrations under stress, and the exact comparison of the expected and the actual objects.
 */
import {
  childNameOf,
  deletionPolicyOf,
  isEnabled,
  secretNameOf,
  tenantOf,
} from '../../src/crd/defaults.ts';
import {
  LABEL_GROUP_BINDING,
  LABEL_MANAGED_BY,
  MANAGED_BY,
  ROLE_NAME,
  SCIM_INTEGRATIONS,
} from '../../src/crd/names.ts';
import type { KubeIntegration } from '../../src/crd/objects.ts';
import type { IntegrationRecord } from '../../src/directory/store/integrations.ts';
import { hashToken, isWellFormedToken, keyIdOf } from '../../src/directory/tokens.ts';
import { isAsDesired } from '../../src/kube/drift.ts';
import { type Secret, textOf } from '../../src/kube/objects.ts';
import {
  type KubeObject,
  keyOf,
  keyText,
  type ResourceDefinition,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../../src/kube/resource.ts';
import {
  buildRole,
  buildRoleBinding,
  buildServiceAccount,
} from '../../src/operator/integration/objects.ts';
import { buildSecretFrame } from '../../src/operator/token/objects.ts';
import { INTEGRATION_CHANGES } from './integration-changes.ts';
import type { Kind } from './kind.ts';
import type { ObservedWorld } from './world.ts';

type Objects = ReadonlyMap<string, KubeObject>;

/** The integrations, and what the operator created for them. */
interface Actual {
  readonly integrations: readonly KubeIntegration[];
  /** By resource, then by key. */
  readonly objects: ReadonlyMap<ResourceDefinition, Objects>;
  readonly records: readonly IntegrationRecord[];
}

const CHILDREN = [SECRETS, SERVICE_ACCOUNTS, ROLE_BINDINGS, ROLES];

export const INTEGRATIONS: Kind = {
  changes: INTEGRATION_CHANGES,
  differences: async (world) => {
    const actual = await gather(world);
    const found = [...superfluous(actual), ...roles(actual)];
    for (const integration of actual.integrations) {
      const wrong = isAllowed(integration)
        ? await differencesOf(world, integration, actual)
        : refused(integration);
      found.push(...wrong.map((line) => `${keyText(keyOf(integration))}: ${line}`));
    }
    found.push(...(await ended(world, actual)), ...(await openTokens(world, actual)));
    return found;
  },
};

/** There are no ScimTenants, so a namespace may only use the tenant of its own name. */
const isAllowed = (integration: KubeIntegration) =>
  tenantOf(integration) === integration.metadata.namespace;

async function gather({ admin, store, clusterUid }: ObservedWorld): Promise<Actual> {
  const labelSelector = `${LABEL_MANAGED_BY}=${MANAGED_BY},!${LABEL_GROUP_BINDING}`;
  const objects = new Map<ResourceDefinition, Objects>();
  for (const resource of CHILDREN) {
    const { items } = await admin.list(resource, { labelSelector });
    objects.set(resource, new Map((items ?? []).map((each) => [keyText(keyOf(each)), each])));
  }
  const { items } = await admin.list<KubeIntegration>(SCIM_INTEGRATIONS);
  return { integrations: items ?? [], objects, records: await store.integrations.list(clusterUid) };
}

/**
 * Finds missing and additional objects of each resource. A Role may outlive the last integration of
 * its namespace that was allowed.
 */
function superfluous({ integrations, objects }: Actual): string[] {
  const allowed = integrations.filter(isAllowed);
  const wanted = new Map<ResourceDefinition, readonly string[]>([
    [SECRETS, allowed.map((each) => `${each.metadata.namespace}/${secretNameOf(each)}`)],
    [SERVICE_ACCOUNTS, allowed.map((each) => `${each.metadata.namespace}/${childNameOf(each)}`)],
    [ROLE_BINDINGS, allowed.map((each) => `${each.metadata.namespace}/${childNameOf(each)}`)],
    [ROLES, allowed.map((each) => `${each.metadata.namespace}/${ROLE_NAME}`)],
  ]);
  return [...objects].flatMap(([{ kind }, found]) => {
    const resource = CHILDREN.find((each) => each.kind === kind) ?? SECRETS;
    const names = new Set(wanted.get(resource));
    const tolerated = new Set(
      resource === ROLES
        ? integrations.map((each) => `${each.metadata.namespace}/${ROLE_NAME}`)
        : [],
    );
    const more = [...found.keys()].filter((key) => !names.has(key) && !tolerated.has(key));
    const missing = [...names].filter((key) => !found.has(key));
    return [
      ...more.map((key) => `the ${kind} ${key} exists but should not`),
      ...missing.map((key) => `the ${kind} ${key} is missing`),
    ];
  });
}

function roles({ integrations, objects }: Actual): string[] {
  return [...(objects.get(ROLES) ?? [])].flatMap(([key, role]) => {
    const namespace = role.metadata.namespace ?? '';
    const live = integrations.filter((each) => each.metadata.namespace === namespace);
    const owners = live.filter(isAllowed);
    const uids = new Set(live.map(({ metadata }) => metadata.uid));
    const strangers = (role.metadata.ownerReferences ?? []).filter(({ uid }) => !uids.has(uid));
    return [
      ...(isAsDesired(role, buildRole(namespace, owners)) ? [] : [`the Role ${key} is altered`]),
      ...strangers.map(
        ({ name, uid }) => `the Role ${key} is owned by ${name} ${uid}, which no longer exists`,
      ),
    ];
  });
}

async function differencesOf(
  world: ObservedWorld,
  integration: KubeIntegration,
  { objects, records }: Actual,
): Promise<string[]> {
  const { metadata, status = {} } = integration;
  const { namespace } = metadata;
  const { endpoint = '', integrationId = '' } = status;
  const child = `${namespace}/${childNameOf(integration)}`;
  const secret = objects.get(SECRETS)?.get(`${namespace}/${secretNameOf(integration)}`);
  const asDesired = (resource: ResourceDefinition, key: string, desired: KubeObject) => {
    const found = objects.get(resource)?.get(key);
    return found === undefined || isAsDesired(found, desired)
      ? []
      : [`its ${resource.kind} is altered`];
  };
  return [
    ...conditions(integration),
    ...asDesired(SERVICE_ACCOUNTS, child, buildServiceAccount(integration)),
    ...asDesired(ROLE_BINDINGS, child, buildRoleBinding(integration)),
    ...asDesired(
      SECRETS,
      `${namespace}/${secretNameOf(integration)}`,
      buildSecretFrame(integration, endpoint, integrationId),
    ),
    ...record(integration, records),
    ...(secret === undefined ? [] : await token(world, integration, secret)),
  ];
}

/** Checks that the operator has seen the latest spec, and that every condition is as expected. */
function conditions(integration: KubeIntegration): string[] {
  const { metadata, status } = integration;
  const actual = (status?.conditions ?? [])
    .map(({ type, status: is, reason }) => `${type}=${is} ${reason}`)
    .sort();
  const tokenReason = status?.previousTokenExpiresAt === undefined ? 'TokenIssued' : 'Rotating';
  const wanted = [
    'RBACReady=True RBACApplied',
    `Ready=True ${isEnabled(integration) ? 'Succeeded' : 'Disabled'}`,
    `TokenReady=True ${tokenReason}`,
  ];
  const stale = status?.observedGeneration !== metadata.generation;
  const late = Date.parse(status?.previousTokenExpiresAt ?? '') < Date.now();
  return [
    ...(actual.join() === wanted.join() ? [] : [`its conditions are ${actual.join(', ')}`]),
    ...(stale ? ['its status is for an earlier generation'] : []),
    ...(late ? ['its status reports an overlap that is over'] : []),
  ];
}

function refused({ status }: KubeIntegration): string[] {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.reason === 'TenantNotAllowed' ? [] : [`it is not refused: ${ready?.reason}`];
}

function record(integration: KubeIntegration, records: readonly IntegrationRecord[]): string[] {
  const { namespace, name, uid } = integration.metadata;
  const live = records.filter(
    (each) => each.namespace === namespace && each.name === name && each.endedAt === undefined,
  );
  const wanted = {
    id: integration.status?.integrationId,
    tenant: tenantOf(integration),
    uid,
    enabled: isEnabled(integration),
    allowed: true,
    deletionPolicy: deletionPolicyOf(integration),
  };
  const [only] = live;
  if (live.length !== 1 || only === undefined) return [`it has ${live.length} records`];
  return Object.entries(wanted).flatMap(([field, value]) => {
    const held = only[field as keyof typeof wanted];
    return held === value ? [] : [`its record says ${field}=${held} instead of ${value}`];
  });
}

async function token(
  { store, operator }: ObservedWorld,
  integration: KubeIntegration,
  secret: Secret,
): Promise<string[]> {
  const { status = {} } = integration;
  const held = textOf(secret, 'token') ?? '';
  if (!isWellFormedToken(held)) return ['its Secret contains no token'];
  const hashes = await store.tokens.list(status.integrationId ?? '');
  const current = hashes.filter(({ hash }) => hash === hashToken(held));
  const most = status.previousTokenExpiresAt === undefined ? 1 : 2;
  const code = await ask(operator.publicUrl, new URL(status.endpoint ?? '').pathname, held);
  const wanted = isEnabled(integration) ? 200 : 403;
  return [
    ...(status.tokenKeyId === keyIdOf(held) ? [] : ['its status names another token']),
    ...(current.length === 1 ? [] : ['the directory does not know its token']),
    ...(hashes.length === most ? [] : [`the directory has ${hashes.length} tokens, not ${most}`]),
    ...(hashes.some(({ pending }) => pending) ? ['a token is still pending'] : []),
    ...(code === wanted ? [] : [`its token gets ${code} instead of ${wanted}`]),
  ];
}

/** Checks that the records of deleted integrations have ended and have no tokens. */
async function ended(
  { store }: ObservedWorld,
  { integrations, records }: Actual,
): Promise<string[]> {
  const live = new Set(integrations.filter(isAllowed).map((each) => each.status?.integrationId));
  const found: string[] = [];
  for (const { id, namespace, name, endedAt } of records) {
    if (live.has(id)) continue;
    if (endedAt === undefined) found.push(`the record ${id} of ${namespace}/${name} did not end`);
    const tokens = await store.tokens.list(id);
    if (tokens.length > 0) found.push(`the ended ${namespace}/${name} has ${tokens.length} tokens`);
  }
  return found;
}

/** Checks that every token that the directory no longer knows is refused. */
async function openTokens({ tokens, store, operator }: ObservedWorld, { records }: Actual) {
  const known = new Set<string>();
  for (const { id } of records) for (const { hash } of await store.tokens.list(id)) known.add(hash);
  const old = tokens.all.filter((each) => !known.has(hashToken(each.token)));
  const found: string[] = [];
  for (const { token: each, path } of old) {
    const code = await ask(operator.publicUrl, path, each);
    if (code !== 401) found.push(`the old token ${keyIdOf(each)} gets ${code}`);
  }
  return found;
}

async function ask(publicUrl: string, path: string, bearer: string): Promise<number> {
  const answer = await fetch(`${publicUrl}${path}/Users?count=0`, {
    headers: { authorization: `Bearer ${bearer}` },
  });
  await answer.arrayBuffer();
  return answer.status;
}
