/**
 * Turns an error response into an error that is safe to log, and that says which rule refused the
 * request and how long to wait.
 */
import { ApiError } from './errors.ts';
import { type Header, readRetryAfter } from './retry-after.ts';

interface Cause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

interface Status {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly name?: string;
    readonly causes?: readonly Cause[];
    readonly retryAfterSeconds?: number;
  };
}

const MAX_MESSAGE = 500;

/** `confidential` leaves out the server's own words, which may quote the contents of a Secret. */
export function errorFromAnswer(
  code: number,
  body: string,
  retryAfter: Header,
  call: string,
  confidential: boolean,
): ApiError {
  const status = parseStatus(body);
  const refusedBy = findRule(status.message);
  const told = refusedBy === undefined ? harmlessWords(status) : `refused by ${refusedBy}`;
  const said = confidential ? told : (status.message ?? status.reason ?? body);
  return new ApiError(code, oneLine(`${call}: ${code} ${said ?? ''}`), {
    reason: status.reason ?? '',
    objectName: status.details?.name,
    causes: (status.details?.causes ?? []).flatMap(({ reason }) => reason ?? []),
    retryAfterMs: readRetryAfter(retryAfter, status.details?.retryAfterSeconds),
    refusedBy,
  });
}

/** For these causes, the API server's message is about the field and never contains its value. */
const WITHOUT_VALUE = ['FieldValueForbidden', 'FieldValueRequired', 'FieldValueTooLong'];

/** Complete messages of the API server that contain nothing of the object except its name. */
const HARMLESS: readonly RegExp[] = [
  new RegExp(
    '^secrets( "[\\w.-]+")? is forbidden: User "[^"]*" cannot \\w+ resource "secrets" ' +
      'in API group "" in the namespace "[\\w-]+"$',
  ),
  new RegExp(
    '^secrets "[\\w.-]+" is forbidden: unable to create new content in namespace [\\w-]+ ' +
      'because it is being terminated$',
  ),
  /^secrets "[\w.-]+" (not found|already exists)$/,
];

/** The safe part of a refusal whose message may quote the request. */
function harmlessWords({ reason, message = '', details }: Status): string | undefined {
  if (HARMLESS.some((pattern) => pattern.test(message))) return message;
  const causes = (details?.causes ?? [])
    .filter((cause) => WITHOUT_VALUE.includes(cause.reason ?? ''))
    .map((cause) => `${cause.field ?? ''}: ${cause.message ?? ''}`);
  return causes.length === 0 ? reason : `${reason}: ${causes.join('; ')}`;
}

/** How refusals by admission begin. The rest is the rule's own text, which may quote the object. */
const RULES: readonly (readonly [string, RegExp])[] = [
  ['ResourceQuota', /: exceeded quota: ([\w.-]+)/],
  ['ResourceQuota', /: status unknown for quota: ([\w.-]+)/],
  ['ValidatingAdmissionPolicy', /: ValidatingAdmissionPolicy '([\w.-]+)' with binding /],
  ['admission webhook', /^admission webhook "([\w.-]+)" denied the request/],
  ['admission webhook', /^Internal error occurred: failed calling webhook "([\w.-]+)"/],
];

function findRule(message = ''): string | undefined {
  for (const [kind, pattern] of RULES) {
    const name = pattern.exec(message)?.[1];
    if (name !== undefined) return `${kind} ${name}`;
  }
  return undefined;
}

/** A proxy may respond with an HTML page. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, MAX_MESSAGE);
}

/** Errors of missing resource types and of API Priority and Fairness are plain text. */
function parseStatus(body: string): Status {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Status) : {};
  } catch {
    return {};
  }
}
