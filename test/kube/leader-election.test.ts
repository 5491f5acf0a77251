import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../hack/control-plane/fault-proxy.ts';
import { Client } from '../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import {
  type LeaderElectionOptions,
  LeaderElector,
  type Term,
} from '../../src/kube/leader-election.ts';
import type { Lease } from '../../src/kube/lease.ts';
import { createKubeMetrics } from '../../src/kube/metrics.ts';
import { CONFIG_MAPS, LEASES } from '../../src/kube/resource.ts';
import { captureLog } from '../support/captured-log.ts';
import { eventually } from '../support/eventually.ts';
import { adminClient, createNamespace, TEST_MANAGER } from '../support/kube/cluster.ts';

/** Long enough for a busy machine to stall in between. */
const TIMES = { leaseDurationMs: 10_000, renewDeadlineMs: 8_000, retryPeriodMs: 200 };
/** For tests that wait until they are over. */
const SHORT = { leaseDurationMs: 4_000, renewDeadlineMs: 3_000, retryPeriodMs: 200 };
/** Too long to wait for. A candidate that takes over did not wait for this lease to expire. */
const LONG = { leaseDurationMs: 600_000, renewDeadlineMs: 500_000, retryPeriodMs: 200 };

let admin: Client;
let key: { namespace: string; name: string };
/** What happened, in order. */
let history: string[];
const candidates: Candidate[] = [];

beforeEach(async () => {
  admin = adminClient();
  key = { namespace: await createNamespace(admin, 'election'), name: 'leader' };
  history = [];
});
afterEach(async () => {
  await Promise.all(candidates.splice(0).map((candidate) => candidate.stop()));
});

/** One of several processes. */
class Candidate {
  readonly elector: LeaderElector;
  readonly registry = new Registry();
  readonly logged = captureLog();
  readonly outcome: Promise<'stopped' | 'lost'>;
  readonly #stop = new AbortController();
  term: Term | undefined;

  constructor(
    name: string,
    options: Partial<LeaderElectionOptions> = {},
    work: (term: Term) => Promise<void> = idle,
  ) {
    this.elector = new LeaderElector({
      client: options.client ?? adminClient(),
      lease: key,
      name,
      inherits: false,
      log: this.logged.log,
      metrics: createKubeMetrics(this.registry),
      ...TIMES,
      ...options,
    });
    this.outcome = this.elector
      .run(this.#stop.signal, async (term) => {
        this.term = term;
        history.push(`${name} leads`);
        await work(term);
        history.push(`${name} ended`);
      })
      .finally(() => {
        this.term = undefined;
      });
    candidates.push(this);
  }

  stop(): Promise<'stopped' | 'lost'> {
    this.#stop.abort();
    return this.outcome;
  }

  async status(): Promise<string> {
    const metrics = await this.registry.metrics();
    return /^leader_election_master_status.*$/m.exec(metrics)?.[0] ?? '';
  }

  async leads(): Promise<Term> {
    return eventually(() => {
      if (this.term === undefined) throw new Error('does not lead');
      return this.term;
    });
  }

  /** Resolves once it has read the Lease and found that another process holds it. */
  async standsBy(): Promise<void> {
    await eventually(() =>
      expect(this.logged.lines.map(({ msg }) => msg)).toContain(
        'another process was found leading; standing by',
      ),
    );
  }
}

const idle = ({ signal }: Term) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));

const read = () => admin.get<Lease>(LEASES, key);
const change = (patch: object) =>
  admin.mergePatch<Lease>(LEASES, key, patch, { fieldManager: TEST_MANAGER });

/** Resolves after `count` more renewals. */
async function renewals(count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const { spec } = await read();
    await eventually(async () => expect((await read()).spec?.renewTime).not.toBe(spec?.renewTime));
  }
}

describe('if several candidates run,', () => {
  it('one leads, and the Lease names it', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => new Candidate(name)) as [
      Candidate,
      Candidate,
      Candidate,
    ];
    await eventually(() => expect(history).toHaveLength(1));
    const leader = [a, b, c].find(({ term }) => term !== undefined);
    const others = [a, b, c].filter((candidate) => candidate !== leader);
    for (const other of others) await other.standsBy();
    const { spec } = await read();
    expect(spec).toMatchObject({
      holderIdentity: leader?.elector.identity,
      leaseDurationSeconds: 10,
      leaseTransitions: 0,
    });
    for (const time of [spec?.acquireTime, spec?.renewTime])
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    await renewals(2);
    expect(history).toHaveLength(1);
    expect(await leader?.status()).toBe('leader_election_master_status{name="leader"} 1');
    for (const other of others)
      expect(await other.status()).toBe('leader_election_master_status{name="leader"} 0');
  });

  it('another takes over as soon as the leader has stopped and finished its work', async () => {
    const work = Promise.withResolvers<void>();
    const a = new Candidate('a', LONG, () => work.promise);
    await a.leads();
    const b = new Candidate('b', LONG);
    await b.standsBy();
    const stopped = a.stop();
    await renewals(2);
    expect(history).toEqual(['a leads']);
    work.resolve();
    expect(await stopped).toBe('stopped');
    await b.leads();
    expect(history).toEqual(['a leads', 'a ended', 'b leads']);
    expect((await read()).spec).toMatchObject({
      holderIdentity: b.elector.identity,
      leaseTransitions: 1,
    });
    expect(await a.status()).toContain(' 0');
  });

  it('wrong wall clocks neither end a lead nor prevent one', async () => {
    const hours = (count: number) => () => new Date(Date.now() + count * 3_600_000);
    const slow = new Candidate('slow', { wallClock: hours(-24) });
    await slow.leads();
    const fast = new Candidate('fast', { wallClock: hours(24) });
    await fast.standsBy();
    await renewals(10);
    expect(history).toEqual(['slow leads']);
    // The times of the fast clock are far in the future for the next candidate.
    await slow.stop();
    await fast.leads();
    const again = new Candidate('slow again', { wallClock: hours(-24) });
    await again.standsBy();
    await fast.stop();
    await again.leads();
  });
});

describe('a leader whose API server is unreachable', () => {
  let proxy: FaultProxy;
  let through: () => Client;
  beforeEach(async () => {
    proxy = await startFaultProxy(inject('kubeconfig'));
    const connection = new Connection(proxy.config);
    through = () => new Client(connection, undefined, SHORT.renewDeadlineMs / 2);
  });
  afterEach(async () => {
    await Promise.all(candidates.splice(0).map((candidate) => candidate.stop()));
    await proxy.close();
  });

  it('ends its work before another leads, and can lead again later', async () => {
    const a = new Candidate('a', { client: through(), ...SHORT });
    await a.leads();
    const b = new Candidate('b', SHORT);
    await b.standsBy();
    await proxy.refuse();
    expect(await a.outcome).toBe('lost');
    expect(await a.status()).toContain(' 0');
    expect(a.logged.lines.find(({ msg }) => msg === 'lead was lost')?.reason).toMatch(
      /^the Lease was not renewed within 3 s: .*ECONN/,
    );
    await b.leads();
    expect(history).toEqual(['a leads', 'a ended', 'b leads']);
    await proxy.accept();
    await b.stop();
    const again = new Candidate('a', { client: through() });
    await again.leads();
  });

  it('keeps leading during an outage that is shorter than the renew deadline', async () => {
    const a = new Candidate('a', { client: through() });
    const term = await a.leads();
    proxy.intercept = () => ({ status: 503, body: 'etcd has no leader' });
    await eventually(() =>
      expect(a.logged.lines.map(({ msg }) => msg)).toContain('Lease could not be used; retrying'),
    );
    proxy.intercept = () => undefined;
    await renewals(10);
    expect(term.signal.aborted).toBe(false);
    expect(a.logged.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    expect(a.logged.lines.at(-1)?.msg).toBe('Lease was reached');
  });

  it('keeps leading when a connection goes silent', async () => {
    const client = new Client(new Connection(proxy.config), undefined, 500);
    const a = new Candidate('a', { client });
    const term = await a.leads();
    await renewals(1);
    proxy.mute();
    await renewals(2);
    expect(term.signal.aborted).toBe(false);
  });
});

describe('a leader that was suspended', () => {
  /** Leaves enough time before the first renewal. */
  const times = { leaseDurationMs: 10_000, renewDeadlineMs: 8_000, retryPeriodMs: 3_000 };
  let skipped: number;
  const clock = () => performance.now() + skipped;
  beforeEach(() => {
    skipped = 0;
  });

  it('writes nothing after it resumes past the renew deadline, even before a timer fires', async () => {
    const a = new Candidate('a', { clock, ...times });
    const term = await a.leads();
    const writer = adminClient().fenced(term.fence);
    const configMap = (name: string) => ({ metadata: { name, namespace: key.namespace } });
    await writer.create(CONFIG_MAPS, configMap('before'), TEST_MANAGER);
    skipped = times.renewDeadlineMs;
    await expect(
      writer.create(CONFIG_MAPS, configMap('after'), TEST_MANAGER),
    ).rejects.toMatchObject({ message: expect.stringContaining('the lead was lost') });
    expect(await a.outcome).toBe('lost');
    await expect(
      admin.get(CONFIG_MAPS, { namespace: key.namespace, name: 'after' }),
    ).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('leaves the Lease alone after it resumes past the renew deadline', async () => {
    const a = new Candidate('a', { clock, ...times });
    await a.leads();
    skipped = times.renewDeadlineMs;
    const { spec } = await read();
    expect(await a.outcome).toBe('lost');
    expect((await read()).spec).toEqual(spec);
  });

  it('has its pending calls aborted when it loses the lead', async () => {
    const proxy = await startFaultProxy(inject('kubeconfig'));
    const a = new Candidate('a');
    const term = await a.leads();
    const writer = new Client(new Connection(proxy.config)).fenced(term.fence);
    // The request arrives, but its response never does.
    proxy.intercept = () => {
      proxy.mute();
      return undefined;
    };
    const call = writer.list(CONFIG_MAPS, { namespace: key.namespace });
    await change({ spec: { holderIdentity: 'thief' } });
    await expect(call).rejects.toMatchObject({
      message: expect.stringContaining('the lead was lost'),
    });
    await proxy.close();
  });
});

describe('a Lease', () => {
  it('that was given to another process is lost at the next renewal, and left alone', async () => {
    const a = new Candidate('a');
    await a.leads();
    await change({ spec: { holderIdentity: 'thief' } });
    expect(await a.outcome).toBe('lost');
    expect(a.logged.lines.find(({ msg }) => msg === 'lead was lost')?.reason).toBe(
      'thief holds the Lease',
    );
    expect((await read()).spec?.holderIdentity).toBe('thief');
  });

  it('still belongs to its holder after another client labels it', async () => {
    const a = new Candidate('a');
    const term = await a.leads();
    await change({ metadata: { labels: { touched: 'yes' } } });
    await renewals(3);
    expect(term.signal.aborted).toBe(false);
    expect((await read()).metadata.labels).toEqual({ touched: 'yes' });
  });

  it('is recreated by its holder if it is deleted', async () => {
    const a = new Candidate('a');
    const term = await a.leads();
    const { metadata } = await read();
    await admin.delete(LEASES, key);
    await eventually(async () => expect((await read()).metadata.uid).not.toBe(metadata.uid));
    expect((await read()).spec?.holderIdentity).toBe(a.elector.identity);
    expect(term.signal.aborted).toBe(false);
  });

  it('is acquired if it has no holder', async () => {
    await admin.create(LEASES, { metadata: key }, TEST_MANAGER);
    const a = new Candidate('a', LONG);
    await a.leads();
  });

  it('of an earlier process of the same name is acquired immediately if names are unique', async () => {
    const dead = (name: string) =>
      change({
        spec: {
          holderIdentity: `${name}_00000000-0000-0000-0000-000000000000`,
          leaseDurationSeconds: 600,
        },
      });
    await admin.create(LEASES, { metadata: key }, TEST_MANAGER);
    await dead('pod-1');
    const [guest, other, longer] = ['pod-1', 'pod-2', 'pod'].map(
      (name, index) => new Candidate(name, { ...LONG, inherits: index > 0 }),
    ) as [Candidate, Candidate, Candidate];
    for (const candidate of [guest, other, longer]) await candidate.standsBy();
    const heir = new Candidate('pod-1', { ...LONG, inherits: true });
    await heir.leads();
    expect(history).toEqual(['pod-1 leads']);
  });

  it('changes hands once between two running processes of the same name, not back and forth', async () => {
    // A takeover loses against a simultaneous renewal, and then waits like any other candidate.
    const a = new Candidate('pod', { inherits: true, retryPeriodMs: 5_000 });
    await a.leads();
    const b = new Candidate('pod', { inherits: true });
    const term = await b.leads();
    expect(await a.outcome).toBe('lost');
    // The one that lost campaigns again, like `run`.
    const stop = new AbortController();
    const again = a.elector.run(stop.signal, async () => {
      history.push('back');
    });
    await renewals(10);
    stop.abort();
    expect(term.signal.aborted).toBe(false);
    expect(history).not.toContain('back');
    expect(await again).toBe('stopped');
  });
});

describe('a candidate', () => {
  it('logs once what keeps it from the Lease, and is not stuck', async () => {
    const config = loadKubeConfig(inject('kubeconfig'));
    const cluster = config.getCurrentCluster();
    if (!cluster) throw new Error('no cluster');
    config.loadFromClusterAndUser(cluster, { name: 'nobody', token: 'nonsense' });
    let attempts = 0;
    const clock = () => {
      attempts += 1;
      return performance.now();
    };
    const a = new Candidate('a', { client: new Client(new Connection(config)), clock });
    await eventually(() => expect(attempts).toBeGreaterThan(5));
    expect(a.logged.lines.map(({ msg }) => msg)).toEqual([
      'credentials were refused for the Lease; retrying',
    ]);
    expect(a.elector.stuck()).toBeUndefined();
    expect(history).toEqual([]);
  });

  it("is stuck if it hasn't tried for longer than it ever waits", async () => {
    let skipped = 0;
    const a = new Candidate('a', { ...LONG, clock: () => performance.now() + skipped });
    await a.leads();
    expect(a.elector.stuck()).toBeUndefined();
    skipped = 1_000_000;
    expect(a.elector.stuck()).toMatch(/^the leader election has made no progress for \d+ s$/);
  });
});
