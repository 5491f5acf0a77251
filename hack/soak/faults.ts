/**
 * The faults, one at a time. Each lasts for some seconds and is over when its function resolves.
 */
import { eventually } from '../../test/support/eventually.ts';
import type { FakeAnswer } from '../control-plane/fault-proxy.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

export type Fault = (world: World, random: Random) => Promise<void>;

const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** A refusal in the format of the API server. */
function refusal(status: number, reason: string, headers: Record<string, string> = {}): FakeAnswer {
  const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason });
  return { status, headers: { 'content-type': 'application/json', ...headers }, body };
}

/** Responds to some requests in place of the API server for a while. */
const answering =
  (share: number, answer: (request: string) => FakeAnswer | undefined): Fault =>
  async ({ proxy }, random) => {
    const dice = random.fork();
    proxy.intercept = (request) => (dice.chance(share) ? answer(request) : undefined);
    try {
      await pause(random.between(1, 6));
    } finally {
      proxy.intercept = () => undefined;
    }
  };

const isWatch = (request: string) => request.includes('watch=true');

export const FAULTS: Readonly<Record<string, Fault>> = {
  'connections reset': async ({ proxy }, random) => {
    for (let count = random.between(1, 5); count > 0; count -= 1) {
      proxy.cut();
      await pause(random.between(0, 1));
    }
  },
  'connections without a response': async ({ proxy }) => proxy.mute(),
  'no traffic': async ({ proxy }, random) => {
    const end = proxy.swallow();
    await pause(random.between(1, 8));
    end();
    // Like a firewall that forgot the connections: their clients hear nothing more.
  },
  'no API server': async ({ proxy }, random) => {
    await proxy.refuse();
    await pause(random.between(0.5, 10));
    await proxy.accept();
  },
  'API server killed': async ({ controlPlane }, random) => {
    await controlPlane.stopApiServer();
    await pause(random.between(0, 3));
    await controlPlane.restartApiServer();
    // If an owner was deleted and recreated under its name while no watch was open, Kubernetes'
    // garbage collector keeps the children of the first one until it starts again.
    await controlPlane.restartControllerManager();
  },
  'watches expired': answering(1, (request) =>
    isWatch(request) ? refusal(410, 'Expired') : undefined,
  ),
  'too many requests': answering(0.5, () =>
    refusal(429, 'TooManyRequests', { 'retry-after': '1' }),
  ),
  'server errors': answering(0.3, () => refusal(500, 'InternalError')),
  unavailable: answering(0.5, () => ({ status: 503, body: 'upstream is unavailable' })),
  'slow responses': async ({ proxy }, random) => {
    const dice = random.fork();
    proxy.delay = () => dice.between(0, 2_000);
    await pause(random.between(2, 8));
    proxy.delay = () => 0;
  },
  'process stopped and continued': async ({ operator, downtime }, random) => {
    await downtime.during(async () => {
      operator.signal('SIGSTOP');
      await pause(random.between(0.5, 8));
      operator.signal('SIGCONT');
      await operator.probe('livez');
    });
  },
};

/** Additional faults if the directory is on PostgreSQL. */
export const DATABASE_FAULTS: Readonly<Record<string, Fault>> = {
  'database killed': async ({ postgres, operator, downtime }, random) => {
    await downtime.during(async () => {
      await postgres?.kill();
      await pause(random.between(0, 5));
      await postgres?.restart();
      await eventually(async () => {
        if ((await operator.probe('readyz')) !== 200) throw new Error('the operator is not ready');
      });
    });
  },
};

/**
 * Only in the first third of a run, because later the memory of one process is measured over time.
 */
export const KILLS: Readonly<Record<string, Fault>> = {
  'process killed': async ({ operator, downtime }, random) => {
    await downtime.during(async () => {
      await operator.stop('SIGKILL');
      await pause(random.between(0, 2));
      operator.start();
      await operator.logged('serving SCIM');
    });
  },
};
