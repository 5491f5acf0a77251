/** The order in which the operations of a Bulk are carried out (RFC 7644 §3.7, §3.7.1). */
import type { BulkOperation, OperationRequest } from './bulk.ts';
import { ScimError } from './error.ts';
import { property } from './json.ts';
import { fold } from './text.ts';

/**
 * For resources that reference each other in a circle, `begin` creates the resource without the
 * attributes that can't be resolved yet, and `complete` adds them. `whole` is every other
 * operation.
 */
export interface BulkStep {
  readonly index: number;
  readonly part: 'whole' | 'begin' | 'complete';
}

interface Node {
  readonly step: BulkStep;
  /** The nodes that wait for this one. */
  readonly followers: Node[];
  /** How many nodes this one waits for. */
  waits: number;
}

/** The one or two nodes of an operation. `first` creates the resource. */
interface Parts {
  readonly first: Node;
  readonly last: Node;
}

/**
 * Returns the steps in the order sent, except that an operation waits for the resources that it
 * references and for earlier operations on the same resource. Users that reference each other in a
 * circle are created in two steps. Operations that are still in a circle (groups that contain each
 * other), or that wait for one, come at the end, where their references can't be resolved.
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

/**
 * Returns the first step, and those after it that may be carried out at the same time, at most so
 * many in all: creates that reference no other operation and whose names differ.
 */
export function stepsTogether(
  operations: readonly BulkOperation[],
  steps: readonly BulkStep[],
  most: number,
): readonly BulkStep[] {
  const names = new Set<string>();
  for (const step of steps.slice(0, Math.max(0, most))) {
    const name = createdName(operations, step);
    if (name === undefined || names.has(name)) break;
    names.add(name);
  }
  return steps.slice(0, Math.max(1, names.size));
}

/** Undefined unless the step is a create that depends on no other operation. */
function createdName(
  operations: readonly BulkOperation[],
  { index, part }: BulkStep,
): string | undefined {
  const request = operations[index]?.request;
  if (request === undefined || request instanceof ScimError) return undefined;
  const { method, type, references, data } = request;
  if (method !== 'POST' || part !== 'whole' || references.size > 0) return undefined;
  const name = property(data, type.name === 'User' ? 'username' : 'displayname');
  return `${type.name} ${fold(String(name))}`;
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
 * Only users are created in two steps. Memberships need an order, because a group can't contain
 * itself.
 */
function isUserPost(request: OperationRequest | null): boolean {
  return request?.method === 'POST' && request.type.name === 'User';
}

/**
 * The POSTs that each operation references. A reference to no POST of this Bulk is not waited for.
 */
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
 * Repeatedly takes the earliest node that waits for nothing. Nodes that wait for each other come at
 * the end, in the order sent.
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
 * Numbers the strongly connected components (Tarjan): nodes in the same circle share a number, and
 * a node in no circle has its own.
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
