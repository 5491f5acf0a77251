/** ScimIntegrations as the API server would return them, for tests of pure functions. */
import type { KubeIntegration } from '../../../src/crd/objects.ts';

interface Changes extends Partial<Omit<KubeIntegration, 'metadata'>> {
  readonly metadata?: Partial<KubeIntegration['metadata']>;
}

/** `okta` in the namespace `acme`, with the UID `uid-1`. */
export function buildIntegration({ metadata, ...rest }: Changes = {}): KubeIntegration {
  return {
    apiVersion: 'scim-operator.dev/v1alpha1',
    kind: 'ScimIntegration',
    metadata: {
      namespace: 'acme',
      name: 'okta',
      uid: 'uid-1',
      generation: 1,
      resourceVersion: '1',
      creationTimestamp: '2026-01-02T03:04:05Z',
      ...metadata,
    },
    ...rest,
  };
}
