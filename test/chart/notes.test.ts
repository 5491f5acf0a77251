/** What helm prints after an installation. */
import { describe, expect, it } from 'vitest';
import { Helm, useHelm, type Values } from '../support/chart/helm.ts';
import { MINIMAL } from '../support/chart/values.ts';

useHelm();

describe('the notes', () => {
  // helm 3 would need a cluster.
  const helm = new Helm('v4');
  const notes = (values: Values) =>
    helm.onChart('install', { ...MINIMAL, ...values }, { args: ['--dry-run=client'] });
  const TLS = { existingSecret: 'certificate' };
  const BACKEND = 'nginx.ingress.kubernetes.io/backend-protocol: HTTPS in ingress.annotations';

  it('say that nobody can sign in over plain http, except on this machine', async () => {
    const warning = 'Nobody can sign in to the console';
    expect(await notes({ publicUrl: 'http://scim.example.com' })).toContain(warning);
    expect(await notes({ publicUrl: 'http://localhost:8080' })).not.toContain(warning);
    const without = { publicUrl: 'http://scim.example.com', console: { enabled: false } };
    expect(await notes(without)).not.toContain(warning);
  });

  it('say how an Ingress reaches pods that serve TLS, unless it knows', async () => {
    expect(await notes({ tls: TLS, ingress: { enabled: true } })).toContain(BACKEND);
    expect(await notes({ ingress: { enabled: true } })).not.toContain(BACKEND);
    const annotations = { 'nginx.ingress.kubernetes.io/backend-protocol': 'HTTPS' };
    expect(await notes({ tls: TLS, ingress: { enabled: true, annotations } })).not.toContain(
      BACKEND,
    );
  });
});
