/** Errors that become a page. Every other error is a defect and becomes a bare 500. */

interface PageErrorText {
  readonly unchanged?: string;
  readonly advice: string;
  readonly retryAfter?: number;
}

export class PageError extends Error {
  override readonly name = 'PageError';
  readonly status: number;
  /** What happened, as a heading. */
  readonly title: string;
  /** What is unchanged; undefined if nothing was to be changed. */
  readonly unchanged: string | undefined;
  /** What to do now, in one or two sentences. */
  readonly advice: string;
  /** When the same request may succeed, in seconds. */
  readonly retryAfter: number | undefined;

  /** No text contains a token. */
  constructor(status: number, title: string, { unchanged, advice, retryAfter }: PageErrorText) {
    super(title);
    this.status = status;
    this.title = title;
    this.unchanged = unchanged;
    this.advice = advice;
    this.retryAfter = retryAfter;
  }
}

/** The same for what doesn't exist and what the visitor has no permission for. */
export const notThere = (): PageError =>
  new PageError(404, 'This page does not exist, or you may not see it', {
    advice:
      'Check the address. If you expected to see something here, ask an administrator of the ' +
      'cluster for a role in the namespaces of the tenant.',
  });

/** For what the visitor may see but not do. */
export const actionForbidden = (verb: string, resource: string, namespace: string): PageError =>
  new PageError(403, 'You may not do this', {
    unchanged: 'Nothing was changed.',
    advice:
      `It requires the permission to ${verb} ${resource} in the namespace ${namespace}. ` +
      'Ask an administrator of the cluster for a role that contains it.',
  });

/** Not the first page, because it would be taken for the next one. */
export const wrongCursor = (): PageError =>
  badRequest(
    'The address of this page is not complete or not correct',
    'Open the first page of the list, and continue from there.',
  );

export const badRequest = (title: string, advice: string): PageError =>
  new PageError(400, title, { unchanged: 'Nothing was changed.', advice });
