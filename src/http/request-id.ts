/** The id that connects a request to its log lines. */

/** A client's own id is used if it can't disturb a log or a header. */
const SANE = /^[\w.:/+=-]{1,128}$/;

export function requestIdOf(header: string | undefined): string {
  return header !== undefined && SANE.test(header) ? header : crypto.randomUUID();
}
