import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../hack/control-plane/fault-proxy.ts';
import { Client } from '../../src/kube/client.ts';
import { Connection } from '../../src/kube/connection.ts';
import { EventRecorder, type NewEvent } from '../../src/kube/events.ts';
import {
  CONFIG_MAPS,
  EVENTS,
  type KubeObject,
  NAMESPACES,
  type ResourceDefinition,
  ROLES,
} from '../../src/kube/resource.ts';
import { type CapturedLog, captureLog } from '../support/captured-log.ts';
import { adminClient, createNamespace, TEST_MANAGER } from '../support/kube/cluster.ts';

interface Event extends KubeObject {
  readonly reason: string;
  readonly note: string;
  readonly regarding: { readonly kind: string; readonly name: string; readonly uid: string };
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

const EVENT: NewEvent = {
  type: 'Normal',
  reason: 'TokenGenerated',
  action: 'GenerateToken',
  note: 'A token was generated',
};

let client: Client;
let proxy: FaultProxy;
let captured: CapturedLog;
let recorder: EventRecorder;
let namespace: string;

beforeAll(() => {
  client = adminClient();
});
beforeEach(async () => {
  captured = captureLog();
  namespace = await createNamespace(client, 'events');
  proxy = await startFaultProxy(inject('kubeconfig'));
  recorder = new EventRecorder({
    client: new Client(new Connection(proxy.config)),
    controller: 'example.org/test',
    instance: 'test-1',
    log: captured.log,
  });
});
afterEach(() => proxy.close());

async function objectOf(
  resource: ResourceDefinition = CONFIG_MAPS,
  name = 'object',
  more = {},
): Promise<KubeObject> {
  return client.apply(resource, { metadata: { name, namespace }, ...more }, TEST_MANAGER);
}

async function recorded(inNamespace = namespace): Promise<readonly Event[]> {
  await recorder.flush();
  const { items } = await client.list<Event>(EVENTS, { namespace: inNamespace });
  return items ?? [];
}
const writes = () => proxy.requests.length;

describe('an event recorder', () => {
  it('records what happened to which object', async () => {
    const object = await objectOf();
    recorder.record(object, EVENT);
    const [event, ...more] = await recorded();
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      ...EVENT,
      reportingController: 'example.org/test',
      reportingInstance: 'test-1',
      regarding: { kind: 'ConfigMap', name: 'object', namespace, uid: object.metadata.uid },
    });
    expect(event?.series).toBeUndefined();
    expect(captured.lines).toEqual([]);
  });

  it('merges equal events into one, with few writes', async () => {
    const object = await objectOf();
    for (let index = 0; index < 50; index++) recorder.record(object, EVENT);
    expect(await recorded()).toMatchObject([{ series: { count: 50 } }]);
    recorder.record(object, EVENT);
    expect(await recorded()).toMatchObject([{ series: { count: 51 } }]);
    expect(writes()).toBeLessThan(10);
    expect(captured.lines).toEqual([]);
  });

  it('merges similar events with ever different notes into one, such as a rotation every second', async () => {
    const [object, other] = [await objectOf(), await objectOf(CONFIG_MAPS, 'other')];
    for (let index = 0; index < 50; index++)
      recorder.record(object, { ...EVENT, note: `Token ${index} was generated` });
    recorder.record(other, EVENT);
    const ofObject = (await recorded()).filter(({ regarding }) => regarding.name === 'object');
    expect(ofObject.map(({ note }) => note).toSorted()).toEqual([
      'Several similar events, of which this is the first: Token 5 was generated',
      ...[0, 1, 2, 3, 4].map((index) => `Token ${index} was generated`),
    ]);
    expect(ofObject.flatMap(({ series }) => series?.count ?? [])).toEqual([45]);
    expect(await recorded()).toHaveLength(7);
  });

  it('keeps events with another object, reason or note separate', async () => {
    const [object, other] = [await objectOf(), await objectOf(CONFIG_MAPS, 'other')];
    recorder.record(object, EVENT);
    recorder.record(other, EVENT);
    recorder.record(object, { ...EVENT, reason: 'TokenRevoked' });
    recorder.record(object, { ...EVENT, note: 'Another token was generated' });
    expect(await recorded()).toHaveLength(4);
  });

  it('shortens a note to the limit of the API in any alphabet', async () => {
    const object = await objectOf();
    recorder.record(object, { ...EVENT, note: 'ü€😀'.repeat(500) });
    const [event] = await recorded();
    expect(Buffer.byteLength(event?.note ?? '')).toBeGreaterThan(1_000);
    expect(event?.note).not.toContain('\uFFFD');
  });

  it('works for names that an Event could not have, and for cluster-scoped objects', async () => {
    recorder.record(await objectOf(ROLES, 'SCIMProvisioner', { rules: [] }), EVENT);
    recorder.record(await objectOf(CONFIG_MAPS, `${'a'.repeat(199)}.${'b'.repeat(50)}`), EVENT);
    const cluster = await client.get(NAMESPACES, { name: namespace });
    recorder.record(cluster, EVENT);
    expect(await recorded()).toHaveLength(2);
    const regarding = (await recorded('default')).map((event) => event.regarding.uid);
    expect(regarding).toContain(cluster.metadata.uid);
    expect(captured.lines).toEqual([]);
  });

  it('drops a refused event with one log line, and continues afterwards', async () => {
    const object = await objectOf();
    const forbidden = '{"kind":"Status","reason":"Forbidden","message":"no"}';
    proxy.intercept = () => ({ status: 403, body: forbidden });
    recorder.record(object, EVENT);
    expect(await recorded()).toEqual([]);
    expect(captured.lines).toMatchObject([{ level: 'warn', reason: 'TokenGenerated' }]);
    proxy.intercept = () => undefined;
    recorder.record(object, EVENT);
    expect(await recorded()).toHaveLength(1);
  });

  it('recreates an event that the API server has dropped', async () => {
    const object = await objectOf();
    recorder.record(object, EVENT);
    const [event] = await recorded();
    await client.delete(EVENTS, { namespace, name: event?.metadata.name ?? '' });
    recorder.record(object, EVENT);
    await recorder.flush();
    recorder.record(object, EVENT);
    expect(await recorded()).toHaveLength(1);
  });

  it('neither waits for an unreachable API server nor queues without limit', async () => {
    await proxy.refuse();
    const { metadata, ...object } = await objectOf();
    for (let index = 0; index < 500; index++) {
      const each = { ...object, metadata: { ...metadata, uid: `uid-${index}` } };
      recorder.record(each, EVENT);
    }
    await recorder.flush();
    const failed = captured.lines.filter(({ msg }) => msg === 'event was not recorded');
    const dropped = captured.lines.filter(({ msg }) => msg.includes('too many'));
    expect([failed.length, dropped.length]).toEqual([100, 1]);
  });
});
