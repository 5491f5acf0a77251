/** In which order the operations of a Bulk are carried out (RFC 7644 §3.7, §3.7.1). */
import type { BulkOperation, OperationRequest } from './bulk.ts';
import { ScimError } from './error.ts';

/**
 * `begin` creates a resource without what can't be resolved yet and `complete` adds it, for
 * resources that name each other in a circle; `whole` is everything else.
 */
export interface BulkStep {
  readonly index: number;
  readonly part: 'whole' | 'begin' | 'complete';
}

interface Node {
  readonly step: BulkStep;
  /** What waits for this node. */
  readonly followers: Node[];
  /** How many nodes it waits for itself. */
  waits: number;
}

/** What an operation consists of: one node, or two; `first` is the one that creates. */
interface Parts {
  readonly first: Node;
  readonly last: Node;
}

/**
 * The order sent, except that an operation waits for the resources that it names and for earlier
 * operations on the same resource. Users that name each other in a circle are created in two steps.
 * What is in a circle still (groups that contain each other) or waits for one comes at the end,
 * where it will find that its references can't be resolved.
 */
export function planBulk(operations: readonly BulkOperation[]): readonly BulkStep[] {
  const requests = operations.map(({ request }) => (request instanceof ScimError ? null : request));
  const named = namedOperations(operations, requests);
  const circles = stronglyConnected(named);
  const inCircle = (from: number, to: number) => circles[from] === circles[to];
  const parts = requests.map((request, index): Parts => {
    const others = named[index] ?? [];
    return partsOf(index, isUserPost(request) && others.some((other) => inCircle(index, other)));
  });
  parts.forEach(({ first, last }, index) => {
    for (const other of named[index] ?? []) {
      const target = parts[other];
      if (target === undefined) continue;
      if (inCircle(index, other)) letWait(last, target.first);
      else letWait(first, target.last);
    }
  });
  keepOrderOnResources(requests, parts);
  return inOrder(parts.flatMap(({ first, last }) => (first === last ? [first] : [first, last])));
}

function partsOf(index: number, inTwoSteps: boolean): Parts {
  const node = (part: BulkStep['part']): Node => ({
    step: { index, part },
    followers: [],
    waits: 0,
  });
  const first = node(inTwoSteps ? 'begin' : 'whole');
  const last = inTwoSteps ? node('complete') : first;
  if (inTwoSteps) letWait(last, first);
  return { first, last };
}

function letWait(node: Node, other: Node): void {
  other.followers.push(node);
  node.waits++;
}

/**
 * Membership in a group has to have an order, as groups can't contain themselves; attributes of
 * users need none.
 */
function isUserPost(request: OperationRequest | null): boolean {
  return request?.method === 'POST' && request.type.name === 'User';
}

/** For each operation the POSTs that it names; what names nothing there is isn't waited for. */
function namedOperations(
  operations: readonly BulkOperation[],
  requests: readonly (OperationRequest | null)[],
): readonly (readonly number[])[] {
  const creators = new Map<string, number>();
  operations.forEach(({ method, bulkId }, index) => {
    if (method === 'POST' && bulkId !== undefined) creators.set(bulkId, index);
  });
  return requests.map((request) =>
    [...(request?.references ?? [])]
      .map((bulkId) => creators.get(bulkId))
      .filter((index) => index !== undefined),
  );
}

function keepOrderOnResources(
  requests: readonly (OperationRequest | null)[],
  parts: readonly Parts[],
): void {
  const latest = new Map<string, Node>();
  requests.forEach((request, index) => {
    const node = parts[index]?.first;
    if (request === null || request.method === 'POST' || node === undefined) return;
    const resource = `${request.type.endpoint}/${request.id}`;
    const earlier = latest.get(resource);
    if (earlier !== undefined) letWait(node, earlier);
    latest.set(resource, node);
  });
}

/**
 * Always the earliest node that waits for nothing; at the end those that wait for each other, as
 * sent.
 */
function inOrder(nodes: readonly Node[]): readonly BulkStep[] {
  const left = new Set(nodes);
  const ordered: BulkStep[] = [];
  for (;;) {
    const next = earliestReady(left);
    if (next === undefined) return [...ordered, ...[...left].map(({ step }) => step)];
    left.delete(next);
    ordered.push(next.step);
    for (const follower of next.followers) follower.waits--;
  }
}

function earliestReady(nodes: Iterable<Node>): Node | undefined {
  for (const node of nodes) if (node.waits === 0) return node;
  return undefined;
}

/**
 * The number of the circle that each node is in (Tarjan); nodes in none have a number of their own.
 */
function stronglyConnected(edges: readonly (readonly number[])[]): readonly number[] {
  const circle: number[] = [];
  const order: number[] = [];
  const lowest: number[] = [];
  const open: number[] = [];
  let count = 0;
  const visit = (node: number): number => {
    let low = count;
    order[node] = count++;
    open.push(node);
    for (const next of edges[node] ?? []) {
      if (circle[next] !== undefined) continue;
      low = Math.min(low, order[next] === undefined ? visit(next) : (lowest[next] ?? order[next]));
    }
    lowest[node] = low;
    if (low === order[node]) {
      let member: number | undefined;
      do {
        member = open.pop();
        if (member !== undefined) circle[member] = node;
      } while (member !== undefined && member !== node);
    }
    return low;
  };
  edges.forEach((_, node) => {
    if (order[node] === undefined) visit(node);
  });
  return circle;
}
