/** Names that are meant to do harm. */
export const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '\u202Egnp.ada\u202D\u2066',
  'x'.repeat(1_000),
  '😀'.repeat(250),
  "' OR 1=1 --",
  '&lt;b&gt; &amp;',
  '{{7*7}}',
];
