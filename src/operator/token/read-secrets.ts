/**
 * Remembers what was found in the Secrets that the operator manages until their watch shows a
 * change, so that no Secret is read again while it stays the same. The token itself is never
 * remembered.
 */
import { secretNameOf } from '../../crd/defaults.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import { contains } from '../../kube/drift.ts';
import { interned } from '../../kube/interning.ts';
import type { Secret } from '../../kube/objects.ts';
import { type KubeObject, keyOf, keyText, type ObjectKey } from '../../kube/resource.ts';
import type { ObjectStore } from '../../kube/store.ts';
import { uidOn } from '../ownership.ts';
import { checkSecret, type ReadToken } from './check-secret.ts';
import { buildSecretFrame } from './objects.ts';

interface Reading {
  /** Of the Secret. */
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  /** A recreated integration of the same name has another UID. */
  readonly integrationUid: string;
  readonly secretName: string;
  readonly endpoint: string;
  readonly found: ReadToken;
}

export class ReadSecrets {
  /** The metadata of Secrets, as far as the watch has come. */
  readonly #cache: ObjectStore<KubeObject>;
  /** By the key of the integration. */
  readonly #readings = new Map<string, Reading>();

  constructor(cache: ObjectStore<KubeObject>) {
    this.#cache = cache;
  }

  /** Remembers a Secret as it was read or written, unless the Secret needs a correction. */
  note(
    integration: KubeIntegration,
    integrationId: string,
    endpoint: string,
    secret: Secret,
  ): void {
    const { uid: integrationUid } = integration.metadata;
    const verdict = checkSecret(secret, integration, () => undefined);
    const isWhole = contains(secret, buildSecretFrame(integration, endpoint, integrationId));
    if (verdict.kind !== 'current' || uidOn(secret) !== integrationUid || !isWhole) return;
    const { hash, keyId, rotated, replaced } = verdict.found;
    const { uid, resourceVersion } = secret.metadata;
    const reading = {
      uid,
      resourceVersion,
      integrationUid,
      secretName: secretNameOf(integration),
      endpoint,
      found: { hash, keyId, rotated, replaced },
    };
    this.#readings.set(keyText(keyOf(integration)), interned(reading));
  }

  /** The token in the Secret; undefined if the Secret may have changed and must be read. */
  recall(integration: KubeIntegration, endpoint: string): ReadToken | undefined {
    const { namespace, uid } = integration.metadata;
    const reading = this.#readings.get(keyText(keyOf(integration)));
    const secretName = secretNameOf(integration);
    const isSame =
      reading?.integrationUid === uid &&
      reading.endpoint === endpoint &&
      reading.secretName === secretName;
    if (!isSame) return undefined;
    const cached = this.#cache.get({ namespace, name: secretName })?.metadata;
    const isUnchanged =
      cached?.uid === reading.uid && cached?.resourceVersion === reading.resourceVersion;
    return isUnchanged ? reading.found : undefined;
  }

  forget(integration: ObjectKey): void {
    this.#readings.delete(keyText(integration));
  }
}
