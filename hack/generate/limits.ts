/** Generates the table of limits in docs/reference/ from the limits in the code. */
import { readInvocation } from '../../src/config/invocation.ts';
import * as limits from '../../src/scim/limits.ts';
import { fillIn } from './tables.ts';

/** Replaces the table in the document. */
export function fillInLimits(document: string): string {
  const rows = limitRows().map((cells) => `| ${cells.join(' | ')} |`);
  const table = ['| what | limit | response beyond it |', '|---|---|---|', ...rows].join('\n');
  return fillIn(document, 'limits', table);
}

type Row = readonly [what: string, limit: string, answer: string];

function limitRows(): readonly Row[] {
  const { rateLimit, maxUnauthenticatedConnections } = defaults();
  const user = bytes(limits.MAX_BODY_BYTES);
  const group = bytes(limits.MAX_PAYLOAD_BYTES);
  const head = seconds(limits.HEAD_TIMEOUT_MS);
  const request = seconds(limits.REQUEST_TIMEOUT_MS);
  const stall = seconds(limits.STALL_TIMEOUT_MS);
  return [
    ['body', `${user}; ${group} for groups and Bulk, and ${user} for each user in a Bulk`, '413'],
    [
      `bodies in memory at one time, without those up to ${bytes(limits.SMALL_BODY_BYTES)}`,
      `${bytes(limits.MAX_BODIES_OF_INTEGRATION)} of an integration, ${bytes(limits.MAX_BODIES)} of all`,
      '429; 503 if other integrations use the rest',
    ],
    [
      'large groups in memory at one time, until they are sent',
      `${bytes(limits.MAX_ANSWERS_OF_INTEGRATION)} of an integration, ${bytes(limits.MAX_ANSWERS)} of all; one group may be larger`,
      '429; 503 if other integrations use the rest',
    ],
    [
      'reads of large groups of one integration',
      `one at a time, and ${limits.MAX_WAITING_READS} that wait for ` +
        `${seconds(limits.SEARCH_PATIENCE_MS)} at most`,
      '429',
    ],
    [
      'requests processed at one time; the others wait',
      `${limits.MAX_AT_ONCE_OF_CALLER} of a token, ${limits.MAX_AT_ONCE} of all`,
      `429 or 503 while ${limits.MIN_QUEUE} requests of a token are waiting, the first one for ${limits.MAX_QUEUE_MS} ms; ` +
        `the first one itself after ${limits.MAX_WAIT_MS} ms, and all above ` +
        `${limits.MAX_QUEUE} for ${seconds(limits.OVERLOAD_MS)} after that`,
    ],
    [
      'requests that a client sends on one connection before it has the response to the first',
      count(limits.MAX_PIPELINED),
      '429',
    ],
    ['request line and headers', bytes(limits.MAX_HEADER_BYTES), '431'],
    ['operations in a Bulk', count(limits.MAX_OPERATIONS), '413'],
    [
      'requests of one integration, counting each operation of a Bulk',
      `${count(rateLimit)} a second, ${count(rateLimit * limits.RATE_BURST_SECONDS)} at once (\`--rate-limit\`)`,
      '429',
    ],
    [
      'connections on which no request with a valid token has arrived',
      `${count(maxUnauthenticatedConnections)} (\`--max-unauthenticated-connections\`)`,
      'the oldest idle one is closed',
    ],
    [
      "time for a request's head, for a whole request, and for a response that the client doesn't read",
      `${head}, ${request}, ${stall} without progress`,
      '408 and the end of the connection; for a response, only the end of the connection',
    ],
    ['operations in a PATCH', count(limits.MAX_OPERATIONS), '413'],
    [
      'what the operations of a PATCH compare',
      `${characters(limits.MAX_COMPARED)}; the text of an attribute counts once for each comparison in a filter`,
      '400 `tooMany`',
    ],
    [
      'comparisons of `members` in a PATCH, except `value eq`',
      count(limits.MAX_MEMBER_COMPARISONS),
      '400 `tooMany`',
    ],
    [
      'a resource without its members, after a PATCH',
      characters(limits.MAX_RESOURCE),
      '400 `invalidValue`',
    ],
    [
      'filter',
      `${count(limits.MAX_FILTER_LENGTH)} characters, ${limits.MAX_FILTER_DEPTH} levels, ` +
        `${limits.MAX_FILTER_TERMS} comparisons, ${limits.MAX_TERMS_ON_GROUPS} of them on \`groups\``,
      '400 `invalidFilter`',
    ],
    [
      'a search that no index helps',
      `${count(limits.MAX_SEARCH_WORK)} comparisons: the tenant's users or groups, times the ` +
        'comparisons for each; one of a multi-valued attribute counts as ' +
        `${limits.SEARCH_WEIGHTS.multiValued}, one of \`groups\` or \`members\` as ` +
        `${limits.SEARCH_WEIGHTS.relation}, and the resource itself as ` +
        `${limits.SEARCH_WEIGHTS.resource}`,
      '400 `tooMany`',
    ],
    [
      'searches of one integration that may be long',
      `one at a time, and ${limits.MAX_WAITING_SEARCHES} that wait for ` +
        `${seconds(limits.SEARCH_PATIENCE_MS)} at most`,
      '429',
    ],
    ['time for a search', seconds(limits.SEARCH_TIMEOUT_MS), '503'],
    [
      'members of the groups of one page',
      count(limits.MAX_LISTED_MEMBERS),
      '400 `tooMany`; one group alone is read with all of its members',
    ],
    [
      'page',
      `${count(limits.MAX_RESULTS)} resources; of each type, it ends with the resource that reaches ` +
        `${bytes(limits.MAX_PAGE_BYTES)} of attributes as JSON`,
      'shortened to the limit',
    ],
    ['age of a cursor', `${count(limits.CURSOR_TIMEOUT)} s`, '400 `expiredCursor`'],
    [
      'JSON',
      `${limits.MAX_JSON_DEPTH} levels; ${count(limits.MAX_JSON_KEYS)} keys of one object, each once`,
      '400 `invalidSyntax`',
    ],
    [
      limits.KEY_ATTRIBUTES.map((name) => `\`${name}\``).join(', '),
      `${count(limits.MAX_KEY_BYTES)} bytes`,
      '400 `invalidValue`',
    ],
    [
      'other text',
      `${bytes(limits.MAX_TEXT_BYTES)}; ${limits.MAX_MARKS} combining marks in a row`,
      '400 `invalidValue`',
    ],
    [
      'values of a multi-valued attribute',
      `${count(limits.MAX_VALUES)}; members of a group: as many as fit into the body`,
      '400 `invalidValue`',
    ],
  ];
}

function defaults() {
  const invocation = readInvocation(['server', '--public-url=https://scim.example'], {
    SCIM_OPERATOR_DATABASE_URL: 'postgres://localhost/scim',
  });
  if (invocation.kind !== 'command') throw new Error('server is a command with options');
  return invocation.config;
}

const KIB = 1024;
const count = (value: number) => value.toLocaleString('en-US');
const seconds = (ms: number) => `${ms / 1000} s`;
const bytes = (value: number) =>
  value < KIB * KIB ? `${value / KIB} KiB` : `${value / (KIB * KIB)} MiB`;
const characters = (value: number) => `${value / (KIB * KIB)} Mi characters`;
