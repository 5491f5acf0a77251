/** A copy of the response that nothing on the way may keep, and whose headers can be changed. */
export function uncached({ body, status, headers }: Response): Response {
  const changed = new Headers(headers);
  changed.set('cache-control', 'no-store');
  return new Response(body, { status, headers: changed });
}
