/**
 * Decides for every kind whose an object is. Labels and annotations can be copied. Under the name
 * of one of our objects, they allow an adoption, as after a restore. Only what `made-objects.ts`
 * remembers permits a deletion.
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

/** An object that is being deleted counts as gone, even if a finalizer keeps its name occupied. */
export function isGoing({ metadata }: Pick<KubeObject, 'metadata'>): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** Says why the name of an object that is being deleted is not free, as part of a message. */
export function whatHolds({ metadata: { finalizers = [] } }: KubeObject): string {
  const [first, ...others] = finalizers;
  if (first === undefined) return 'is being deleted';
  return others.length === 0
    ? `is being deleted, and the finalizer ${first} holds it`
    : `is being deleted, and the finalizers ${finalizers.join(', ')} hold it`;
}

/**
 * Whether the object was created for this very integration, according to its UID, or for one of
 * this name, perhaps an earlier one, according to our labels.
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
 * When the integration that the object was created for was itself created; empty if unknown, which
 * sorts before every time.
 */
export function integrationCreatedOn(object: KubeObject): string {
  return object.metadata.annotations?.[ANNOTATION_INTEGRATION_CREATED] ?? '';
}

/**
 * Whether the object is a child of the integration: according to its owner reference, or to its
 * labels if a restore gave the integration another UID.
 */
export function isOurChild(child: KubeObject, integration: KubeIntegration): boolean {
  return isOwnedBy(child, integration.metadata.uid) || isOurs(child, integration);
}

/** An owner reference lets Kubernetes itself delete the object together with its owner. */
export function isOwnedBy({ metadata }: KubeObject, uid: string): boolean {
  return metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
}

/**
 * Whether the Role of a namespace is ours: an integration owns it, perhaps one that is gone, or it
 * has our label but has lost its owners.
 */
export function isOurRole({ metadata }: KubeObject): boolean {
  const { group, kind } = SCIM_INTEGRATIONS;
  const isOwned = metadata.ownerReferences?.some(
    (owner) => owner.kind === kind && owner.apiVersion.startsWith(`${group}/`),
  );
  return isOwned === true || metadata.labels?.[LABEL_MANAGED_BY] === MANAGED_BY;
}

/** Whether the operator apparently created the object, for any integration. */
export function isMadeByOperator(object: KubeObject): boolean {
  return object.metadata.labels?.[LABEL_MANAGED_BY] === MANAGED_BY || uidOn(object) !== undefined;
}

/**
 * Returns the other existing integration that a Secret belongs to, according to the Secret itself
 * or else to the integrations.
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

/** Owns only `data.token`, so that no drift correction removes the token or restores an old one. */
export const TOKEN_FIELD_MANAGER = 'scim-operator-token';

export function labelsFor(integrationName: string): Record<string, string> {
  return { [LABEL_MANAGED_BY]: MANAGED_BY, [LABEL_INTEGRATION]: integrationName };
}

/** Without blockOwnerDeletion: deleting an integration never waits for its children. */
export function ownerReference({ metadata: { name, uid } }: KubeIntegration): OwnerReference {
  return { apiVersion: `${GROUP}/${VERSION}`, kind: SCIM_INTEGRATIONS.kind, name, uid };
}
