/** An `after` that isn't the `next` of a page of the same list. */
export class CursorError extends Error {
  override readonly name = 'CursorError';

  constructor() {
    super('the place where the page begins is not one where a page of this list ends');
  }
}
