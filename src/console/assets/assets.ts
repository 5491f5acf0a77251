/** The files of the console. Their addresses contain a hash, so that browsers keep them for ever. */
import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#3b82f6" ' +
  'stroke-width="2"><path d="M12 2.5 20.5 7v10L12 21.5 3.5 17V7z"/><circle cx="12" cy="9.6" ' +
  'r="2.3"/><path d="M7.6 16.4c.8-2.2 2.4-3.3 4.4-3.3s3.6 1.1 4.4 3.3"/></svg>';

const FILES = {
  style: { name: 'console', extension: 'css', type: 'text/css', text: STYLE },
  script: { name: 'console', extension: 'js', type: 'text/javascript', text: SCRIPT },
  icon: { name: 'icon', extension: 'svg', type: 'image/svg+xml', text: ICON },
} as const;

/** No tenant can be called `-`. */
const FOLDER = '/console/-';

const pathOf = ({ name, extension, text }: (typeof FILES)[keyof typeof FILES]): string => {
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 12);
  return `${FOLDER}/${name}.${hash}.${extension}`;
};

export const ASSET_PATHS = {
  style: pathOf(FILES.style),
  script: pathOf(FILES.script),
  icon: pathOf(FILES.icon),
};

/** Serves the files to everybody. */
export function assetRoutes(): Hono {
  const routes = new Hono();
  for (const file of Object.values(FILES)) {
    routes.get(pathOf(file), () => {
      const headers = {
        'Content-Type': `${file.type}; charset=utf-8`,
        'Cache-Control': 'public, max-age=31536000, immutable',
      };
      return new Response(file.text, { headers });
    });
  }
  return routes;
}
