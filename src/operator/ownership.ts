/**
 * Whose an object is, decided here for every kind. Labels and annotations can be copied: under the
 * name that an object of ours has they let it be adopted, as after a restore; a licence to delete
 * is only what `made-objects.ts` remembers.
 */

import {
  ANNOTATION_INTEGRATION_CREATED,
  ANNOTATION_INTEGRATION_UID,
  GROUP,
  LABEL_INTEGRATION,
  LABEL_MANAGED_BY,
  MANAGED_BY,
  SCIM_INTEGRATIONS,
  VERSION,
} from '../crd/names.ts';
import type { KubeIntegration } from '../crd/objects.ts';
import { contains } from '../kube/drift.ts';
import type { KubeObject, OwnerReference } from '../kube/resource.ts';

/** What is being deleted is gone, whatever still holds it; only its name is not free yet. */
export function isGoing({ metadata }: Pick<KubeObject, 'metadata'>): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** For people: why the name of an object that is going is not free. */
export function whatHolds({ metadata: { finalizers = [] } }: KubeObject): string {
  const [first, ...others] = finalizers;
  if (first === undefined) return 'is being deleted';
  return others.length === 0
    ? `is being deleted, and the finalizer ${first} holds it`
    : `is being deleted, and the finalizers ${finalizers.join(', ')} hold it`;
}

/**
 * Made for this very integration, by its UID; or, by our labels, for one of this name, perhaps an
 * earlier one.
 */
export function isOurs(object: KubeObject, { metadata }: KubeIntegration): boolean {
  return (
    uidOn(object) === metadata.uid || contains(object.metadata.labels, labelsFor(metadata.name))
  );
}

export function uidOn(object: KubeObject): string | undefined {
  return object.metadata.annotations?.[ANNOTATION_INTEGRATION_UID];
}

/**
 * When the integration that it was made for was created; empty where that is unknown, which is
 * before every time.
 */
export function integrationCreatedOn(object: KubeObject): string {
  return object.metadata.annotations?.[ANNOTATION_INTEGRATION_CREATED] ?? '';
}

/**
 * A child that an integration of this name has: by its owner reference, or by labels where a
 * restore gave it another UID.
 */
export function isOurChild(child: KubeObject, integration: KubeIntegration): boolean {
  return isOwnedBy(child, integration.metadata.uid) || isOurs(child, integration);
}

/** Whoever writes that lets Kubernetes itself delete the object together with its owner. */
export function isOwnedBy({ metadata }: KubeObject, uid: string): boolean {
  return metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
}

/**
 * The Role of a namespace: an integration owns it, perhaps one that is gone; or by our label, where
 * it has lost its owners.
 */
export function isOurRole({ metadata }: KubeObject): boolean {
  const { group, kind } = SCIM_INTEGRATIONS;
  const isOwned = metadata.ownerReferences?.some(
    (owner) => owner.kind === kind && owner.apiVersion.startsWith(`${group}/`),
  );
  return isOwned === true || metadata.labels?.[LABEL_MANAGED_BY] === MANAGED_BY;
}

/** Made by the operator for anybody, as far as one can see. */
export function isMadeByOperator(object: KubeObject): boolean {
  return object.metadata.labels?.[LABEL_MANAGED_BY] === MANAGED_BY || uidOn(object) !== undefined;
}

/**
 * Which other integration a Secret belongs to, of those that are there: by what it says itself,
 * else by what they say of it.
 */
export function otherHolder(
  secret: KubeObject,
  integration: KubeIntegration,
  integrations: readonly KubeIntegration[],
): KubeIntegration | undefined {
  const { uid, namespace } = integration.metadata;
  const others = integrations.filter((each) => each.metadata.uid !== uid && !isGoing(each));
  const marked = others.find(({ metadata }) => metadata.uid === uidOn(secret));
  if (marked !== undefined || isOurs(secret, integration)) return marked;
  const neighbours = others.filter(({ metadata }) => metadata.namespace === namespace);
  return (
    neighbours.find(({ metadata }) => contains(secret.metadata.labels, labelsFor(metadata.name))) ??
    neighbours.find((each) => holdsTokenIn(each, secret.metadata.name))
  );
}

function holdsTokenIn({ spec, status }: KubeIntegration, name: string): boolean {
  const existing = spec?.token?.existingSecret?.name;
  const generated = status?.tokenKeyId && status.tokenSecretRef?.name;
  return (existing ?? generated) === name;
}

export const FIELD_MANAGER = 'scim-operator';

/** Owns `data.token` alone, so that no drift correction can remove it or bring an old one back. */
export const TOKEN_FIELD_MANAGER = 'scim-operator-token';

export function labelsFor(integrationName: string): Record<string, string> {
  return { [LABEL_MANAGED_BY]: MANAGED_BY, [LABEL_INTEGRATION]: integrationName };
}

/** Without blockOwnerDeletion: deleting an integration never waits for its children. */
export function ownerReference({ metadata: { name, uid } }: KubeIntegration): OwnerReference {
  return { apiVersion: `${GROUP}/${VERSION}`, kind: SCIM_INTEGRATIONS.kind, name, uid };
}
