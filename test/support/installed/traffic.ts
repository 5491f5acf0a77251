/** A pod that provisions users through the Service, and says what came of it. */
import { readFileSync } from 'node:fs';
import { eventually } from '../eventually.ts';
import { IMAGE, PROVISIONED } from './installation.ts';
import { applyObjects, kubectl } from './kubectl.ts';

const PROGRAM = readFileSync(new URL('traffic-program.mjs', import.meta.url), 'utf8');
const NAME = 'identity-provider';
const NODE = '/usr/local/bin/node';
const URL_IN_POD = 'http://127.0.0.1:8000';

interface Failure {
  readonly at: string;
  readonly what: string;
  readonly reason: string;
}

export interface TrafficReport {
  readonly requests: number;
  readonly acknowledged: number;
  readonly failures: readonly Failure[];
}

interface FinalReport extends TrafficReport {
  /** Acknowledged writes that could not be read back. */
  readonly lost: readonly unknown[];
}

export class Traffic {
  static async start(integration: string): Promise<Traffic> {
    const metadata = { name: NAME, namespace: PROVISIONED };
    const fromSecret = (name: string, key: string) => ({
      name,
      valueFrom: { secretKeyRef: { name: `${integration}-scim-token`, key } },
    });
    const program = { name: 'program', configMap: { name: NAME } };
    const container = {
      name: NAME,
      image: IMAGE,
      imagePullPolicy: 'IfNotPresent',
      command: [NODE, '/program/traffic.mjs'],
      env: [fromSecret('ENDPOINT', 'endpoint'), fromSecret('TOKEN', 'token')],
      volumeMounts: [{ name: 'program', mountPath: '/program' }],
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    };
    await applyObjects(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'traffic.mjs': PROGRAM } },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata,
        spec: {
          containers: [container],
          volumes: [program],
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 0,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        },
      },
    );
    const traffic = new Traffic();
    await traffic.flow();
    return traffic;
  }

  state(): Promise<TrafficReport> {
    return this.#ask('/state');
  }

  /** Resolves once a hundred more requests have been sent, and returns the state by then. */
  async flow(): Promise<TrafficReport> {
    const before = await this.state().catch(() => ({ requests: 0 }));
    return eventually(
      async () => {
        const now = await this.state();
        if (now.requests < before.requests + 100) throw new Error('no traffic flows');
        return now;
      },
      { deadlineMs: 90_000, everyMs: 500 },
    );
  }

  /** Ends the traffic, if it still flows, and reads back every write that was acknowledged. */
  verify(): Promise<FinalReport> {
    return this.#ask('/verify');
  }

  async #ask<T>(path: string): Promise<T> {
    const program = `fetch('${URL_IN_POD}${path}').then(async (r) => console.log(await r.text()))`;
    const exec = ['exec', NAME, '--namespace', PROVISIONED, '--', NODE, '-e', program];
    return JSON.parse(await kubectl(exec));
  }
}
