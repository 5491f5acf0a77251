/** Loads the certificate that the options name, and keeps it up to date. */
import { Gauge, type Registry } from 'prom-client';
import type { Config } from '../config/options.ts';
import { CertificateError, ServingCertificate } from '../http/certificate.ts';
import { untilSuccessful } from '../kube/until-successful.ts';
import type { Logger } from '../logger.ts';

/** Resolves with undefined without `--tls-cert`, or if the signal aborts first. */
export async function openCertificate(
  { tlsCert, tlsKey }: Config,
  log: Logger,
  registry: Registry,
  signal: AbortSignal,
): Promise<ServingCertificate | undefined> {
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  const certificate = await loadWhenUsable({ cert: tlsCert, key: tlsKey }, log, signal);
  if (certificate === undefined) return undefined;
  createCertificateMetric(registry, () => certificate.expires);
  certificate.startRenewing({
    onReplaced: (expires) => log.info({ expires }, 'serving certificate was replaced'),
    onRefused: ({ message: reason }) =>
      log.warn({ reason }, 'serving certificate was not replaced; the previous one stays in use'),
  });
  return certificate;
}

export function createCertificateMetric(registry: Registry, expires: () => Date): void {
  new Gauge({
    name: 'scim_operator_certificate_expiry_timestamp_seconds',
    help: 'When the serving certificate expires, in seconds since 1970. Present only with --tls-cert.',
    registers: [registry],
    collect() {
      this.set(expires().getTime() / 1_000);
    },
  });
}

/** Logs once when the files can't be used and once when they can. */
function loadWhenUsable(
  files: { readonly cert: string; readonly key: string },
  log: Logger,
  signal: AbortSignal,
): Promise<ServingCertificate | undefined> {
  return untilSuccessful(
    () => ServingCertificate.load(files),
    {
      mostMs: 5_000,
      kindOf: (error) => {
        if (error instanceof CertificateError) return error.message;
        throw error;
      },
      onTrouble: (_, reason) => log.warn({ reason }, "serving certificate can't be used; retrying"),
      onEnd: () => log.info('serving certificate was loaded'),
    },
    signal,
  );
}
