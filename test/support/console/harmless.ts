import { expect } from 'vitest';

/** No tag, handler, style or address of the page comes from the directory. */
export function expectHarmless(html: string): void {
  expect(html).not.toMatch(/<script(?! src="\/console\/-\/)/);
  expect(html).not.toMatch(/<(?:img|iframe|svg(?! class="logo"))/);
  expect(html).not.toMatch(/(?:href|src|action)="\s*(?:javascript|data|vbscript):/i);
  const unquoted = html.replace(/="[^"]*"/g, '=');
  expect(unquoted).not.toMatch(/<[^>]*\s(?:on\w+|style)=/);
}
