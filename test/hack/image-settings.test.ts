import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { imageSettings } from '../../hack/process/image-settings.ts';

it('the options and variables of the image are those of its Dockerfile', () => {
  const tree = mkdtempSync(join(tmpdir(), 'image-settings-'));
  onTestFinished(() => rmSync(tree, { recursive: true, force: true }));
  writeFileSync(
    join(tree, 'Dockerfile'),
    `FROM scratch
ENV A=1 \\
    B=two \\
    NODE_COMPILE_CACHE=/app/compile-cache
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "--one=8", "--two", "/app/scim-operator.js"]
CMD ["run"]
`,
  );
  expect(imageSettings(tree)).toEqual({
    options: ['--one=8', '--two'],
    environment: { A: '1', B: 'two' },
  });
});

it('the image limits what free memory the process keeps', () => {
  expect(imageSettings(join(import.meta.dirname, '..', '..'))).toEqual({
    options: ['--max-semi-space-size=8'],
    environment: { NODE_ENV: 'production', MALLOC_ARENA_MAX: '2' },
  });
});
