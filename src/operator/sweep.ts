/**
 * Looks once a minute for everything that no event reports: resources deleted while nobody watched,
 * integrations that received requests or aren't watched, users to delete, and lost roles.
 */
import { pause } from '../kube/backoff.ts';
import type { Controller } from '../kube/controller.ts';
import type { Logger } from '../logger.ts';
import type { OperatorContext } from './context.ts';
import { endLostRoles, type RoleReport } from './group-binding/lost-roles.ts';
import { activeIntegrations } from './integration/activity-cache.ts';
import { missingResources, purgeEnded } from './integration/end.ts';
import type { UnwatchedReport } from './integration/unwatched-report.ts';

const SWEEP_INTERVAL_MS = 60_000;

interface SweepOptions {
  readonly deprovisionDelayMs: number;
  readonly sweepIntervalMs?: number;
  readonly unwatched: UnwatchedReport;
  readonly roleReport: RoleReport;
  readonly log: Logger;
}

/** Starts at once and continues until the signal aborts. */
export async function sweepUntil(
  signal: AbortSignal,
  context: OperatorContext,
  integrations: Controller,
  options: SweepOptions,
): Promise<void> {
  const { sweepIntervalMs = SWEEP_INTERVAL_MS, log } = options;
  while (!signal.aborted) {
    try {
      await sweep(context, integrations, { ...options, sweepIntervalMs });
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'sweep failed; retrying');
    }
    await pause(sweepIntervalMs, signal);
  }
}

/** A function of its own, so that the records don't stay in memory until the next sweep. */
async function sweep(
  context: OperatorContext,
  integrations: Controller,
  { deprovisionDelayMs, sweepIntervalMs, unwatched, roleReport, log }: Required<SweepOptions>,
): Promise<void> {
  const records = await context.store.integrations.list(context.clusterUid);
  unwatched.update(records);
  for (const key of missingResources(context, records)) integrations.enqueue(key);
  await lookAtActive(context, integrations, sweepIntervalMs);
  await purgeEnded(context, records, deprovisionDelayMs, log);
  await endLostRoles(context, roleReport);
}

/**
 * Average interval between active integrations. A user's change must not wait behind all of them.
 */
const SPREAD_MS = 5;

async function lookAtActive(
  { store, caches, clusterUid, now }: OperatorContext,
  integrations: Controller,
  withinMs: number,
): Promise<void> {
  const active = await activeIntegrations(store.integrations, clusterUid, now());
  const spreadMs = Math.min(withinMs, active.length * SPREAD_MS);
  for (const key of active) {
    if (caches.integrations.get(key) === undefined) continue;
    integrations.enqueueAfter(key, Math.random() * spreadMs);
  }
}
