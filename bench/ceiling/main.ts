/**
 * The least server that can do the work on this machine: node:http, one check of a bearer token,
 * prepared statements and durable writes. It has no schema, no grammar of filters, no groups of
 * users and no log. `node bench/ceiling/main.ts DATABASE_URL PORT TOKEN`.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { answersOf } from './answers.ts';
import { openCeiling } from './store.ts';

export const PATH = '/scim/v2';

if (import.meta.main) {
  const [url = '', port = '', token = ''] = process.argv.slice(2);
  const digest = (text: string) => hash('sha256', text, 'buffer');
  const expected = digest(token);
  const answer = answersOf(await openCeiling(url), `http://127.0.0.1:${port}${PATH}`);

  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const [scheme, given = ''] = (headers.authorization ?? '').split(' ');
    if (scheme !== 'Bearer' || !timingSafeEqual(digest(given), expected)) {
      response.writeHead(401).end();
      return;
    }
    const respond = (body: string) =>
      answer(method, url.slice(PATH.length), body).then(
        ([status, json]) => {
          const length = json === undefined ? undefined : Buffer.byteLength(json);
          response.writeHead(status, {
            'content-type': 'application/scim+json',
            ...(length !== undefined && { 'content-length': length }),
          });
          response.end(json);
        },
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    if (method === 'GET') return void respond('');
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => void respond(Buffer.concat(chunks).toString()));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(Number(port), '127.0.0.1');
}
