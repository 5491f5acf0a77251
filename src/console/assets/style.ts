/**
 * The style sheet: tokens first, then the few pieces that pages are made of. No class is used for
 * one page only.
 */
export const STYLE = `:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --surface: #fff; --sunken: #eef1f4; --line: #dde2e8; --line-strong: #8592a1;
  --ink: #16202c; --ink-2: #4b5a6b; --ink-3: #5b6a7a;
  --accent: #0b5cc0; --accent-ink: #fff; --accent-soft: #e5effc;
  --good: #12693a; --good-soft: #e2f4ea; --warn: #7d4b00; --warn-soft: #fdf0d8;
  --bad: #b3261e; --bad-soft: #fdeceb; --rest: #4b5a6b; --rest-soft: #e9edf1;
  --radius: 10px; --gap: 1rem;
  --shadow: 0 1px 2px rgb(16 24 40 / 6%), 0 1px 3px rgb(16 24 40 / 8%);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Inter, "Noto Sans", sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f141a; --surface: #171e26; --sunken: #1e2731; --line: #2a3541; --line-strong: #66788a;
    --ink: #e8edf3; --ink-2: #aab7c5; --ink-3: #94a5b6;
    --accent: #6cb0ff; --accent-ink: #08203e; --accent-soft: #16304f;
    --good: #6fd49b; --good-soft: #142e22; --warn: #f2bd63; --warn-soft: #33270f;
    --bad: #ff9b93; --bad-soft: #3a1a19; --rest: #aab7c5; --rest-soft: #232e39; --shadow: none;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); }
a { color: var(--accent); text-decoration: none; }
a:hover, p a, li a, .lead a, .empty a:not(.button), .note a { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: 0; }
.skip { position: absolute; left: -9999px; z-index: 1; }
.skip:focus { left: 1rem; top: 1rem; background: var(--surface); padding: .5rem 1rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
@media (scripting: none) { .scripted { display: none !important; } }

.frame { display: grid; grid-template-columns: 15rem minmax(0, 1fr); min-height: 100vh; }
.side { background: var(--surface); border-right: 1px solid var(--line); padding: 1rem .75rem;
  display: flex; flex-direction: column; gap: .25rem; position: sticky; top: 0; height: 100vh;
  overflow-y: auto; }
.brand { display: flex; gap: .6rem; align-items: center; font-weight: 650; padding: .25rem .6rem 1rem;
  color: var(--ink); }
.logo { width: 1.6rem; height: 1.6rem; color: var(--accent); flex: none; }
.side h2 { font-size: .75rem; font-weight: 600; color: var(--ink-3); letter-spacing: .03em;
  margin: .9rem .6rem .2rem; }
.side nav a { display: block; padding: .4rem .6rem; border-radius: 7px; color: var(--ink-2);
  overflow-wrap: anywhere; }
.side nav a.tenant { border: 1px solid var(--line-strong); border-radius: 8px; color: var(--ink);
  font-weight: 600; margin-bottom: .2rem; }
.side nav a:hover { background: var(--sunken); text-decoration: none; }
.side nav a[aria-current] { background: var(--accent-soft); color: var(--accent); font-weight: 600; }
.me { margin-top: auto; border-top: 1px solid var(--line); padding: .8rem .6rem 0; font-size: .9rem;
  color: var(--ink-2); overflow-wrap: anywhere; }
.me b { color: var(--ink); display: block; }
.link { font: inherit; background: none; border: 0; padding: 0; color: var(--accent); cursor: pointer; }
.link:hover { text-decoration: underline; }
main { padding: 1.75rem 2rem 4rem; max-width: 76rem; width: 100%; min-width: 0; }
.alone { min-height: 100vh; display: grid; place-items: start center; padding-top: max(1rem, 9vh); }
.alone main { max-width: 34rem; padding: 1rem 1rem 3rem; }
.alone .brand { padding: 0 0 1rem; }
.alone main.wide { max-width: 52rem; }
.crumbs { font-size: .88rem; color: var(--ink-3); margin-bottom: .25rem; overflow-wrap: anywhere; }
.head { display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: center; margin-bottom: 1.25rem; }
.head h1 { font-size: 1.5rem; line-height: 1.2; margin: 0; letter-spacing: -.01em;
  overflow-wrap: anywhere; min-width: 0; }
.head .actions { margin-left: auto; }
.actions, .buttons { display: flex; gap: .5rem; flex-wrap: wrap; align-items: center; }
.buttons { margin-top: 1.1rem; }
.lead { color: var(--ink-2); margin: -.75rem 0 1.25rem; max-width: 75ch; }

.card { background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius);
  box-shadow: var(--shadow); margin-bottom: var(--gap); }
.card > h2 { font-size: 1rem; margin: 0; padding: .9rem 1.1rem; border-bottom: 1px solid var(--line);
  display: flex; gap: .5rem; align-items: baseline; }
.card > h2 small { font-weight: 400; color: var(--ink-3); margin-left: auto; }
.body { padding: 1rem 1.1rem; }
.body > :first-child { margin-top: 0; } .body > :last-child { margin-bottom: 0; }
.body h2, .body h3 { font-size: 1rem; margin: 1.1rem 0 .4rem; }
.body ul, .body ol { padding-left: 1.2rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(11rem, 100%), 1fr));
  gap: var(--gap); margin-bottom: var(--gap); }
.stat { background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius);
  padding: .9rem 1.1rem; box-shadow: var(--shadow); }
.stat b { display: block; font-size: 1.6rem; line-height: 1.2; font-weight: 650;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.stat span, .stat a { font-size: .9rem; } .stat span { color: var(--ink-2); }
.chip { display: inline-flex; align-items: center; gap: .35rem; font-size: .82rem; font-weight: 600;
  line-height: 1; padding: .28rem .55rem; border-radius: 999px; background: var(--rest-soft);
  color: var(--rest); white-space: nowrap; }
.chip::before { content: ""; box-sizing: border-box; width: .5rem; height: .5rem; border-radius: 50%;
  border: 2px solid currentColor; }
.chip.good { background: var(--good-soft); color: var(--good); } .chip.good::before {
  background: currentColor; }
.chip.warn { background: var(--warn-soft); color: var(--warn); } .chip.warn::before {
  background: currentColor; border-radius: 2px; transform: rotate(45deg); }
.chip.bad { background: var(--bad-soft); color: var(--bad); } .chip.bad::before {
  background: currentColor; border-radius: 2px; }
.tag { font-size: .85rem; padding: .1rem .45rem; border: 1px solid var(--line); border-radius: 6px;
  color: var(--ink-2); background: var(--sunken); white-space: nowrap; }
.button { font: inherit; font-weight: 600; border: 1px solid var(--line-strong);
  background: var(--surface); color: var(--ink); padding: .42rem .85rem; border-radius: 8px;
  cursor: pointer; display: inline-block; text-align: center; }
.button:hover { background: var(--sunken); text-decoration: none; }
.button.primary { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); }
  .button.primary:hover { filter: brightness(1.08); }
.button.danger { color: var(--bad); border-color: currentColor; }
.button.whole { display: block; width: 100%; }
.button.whole + .button.whole { margin-top: .6rem; }
.button[aria-current] { background: var(--accent-soft); border-color: var(--accent);
  color: var(--accent); }
.field { display: grid; grid-template-columns: minmax(0, 1fr); gap: .3rem; margin: 0 0 .9rem;
  max-width: 46rem; border: 0; padding: 0; }
.field label, .field > b, .field legend { font-weight: 600; font-size: .92rem; } .field small {
  color: var(--ink-3); }
.field .error { color: var(--bad); margin: 0; font-size: .92rem; }
.field .error::before { content: "■ "; font-size: .7em; }
input, select, textarea { font: inherit; color: inherit; background: var(--surface);
  border: 1px solid var(--line-strong); border-radius: 8px; padding: .42rem .7rem; width: 100%; }
input[type=radio], input[type=checkbox] { width: auto; accent-color: var(--accent); }
[aria-invalid=true] { border-color: var(--bad); }
.copy { display: flex; gap: .5rem; align-items: stretch; }
.copy input { flex: 1; min-width: 0; background: var(--sunken); border-color: var(--line);
  font: .88rem/1.5 ui-monospace, "SF Mono", "Cascadia Code", Menlo, monospace; }
code, pre { font: .88rem/1.5 ui-monospace, "SF Mono", "Cascadia Code", Menlo, monospace; }
code { overflow-wrap: anywhere; }
pre { background: var(--sunken); border: 1px solid var(--line); border-radius: 8px;
  padding: .6rem .8rem; overflow: auto; margin: .5rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.filters { display: flex; flex-wrap: wrap; gap: .6rem; padding: .8rem 1.1rem;
  border-bottom: 1px solid var(--line); }
.filters input { flex: 1 1 14rem; width: auto; min-width: 0; } .filters select { width: auto;
  max-width: 100%; }
.filters label:not(.tag) { display: flex; flex: 1 1 11rem; gap: .5rem; align-items: center;
  color: var(--ink-2); font-size: .92rem; }
.scroll { overflow-x: auto; position: relative; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
caption { text-align: left; padding: .6rem 1.1rem 0; color: var(--ink-3); font-size: .9rem; }
th { text-align: left; }
thead th { font-size: .82rem; font-weight: 600; color: var(--ink-3); padding: .6rem 1.1rem;
  border-bottom: 1px solid var(--line); white-space: nowrap; }
td, tbody th { padding: .6rem 1.1rem; border-bottom: 1px solid var(--line); vertical-align: top;
  font-weight: 400; overflow-wrap: break-word; }
td:has(bdi, code, .sub), tbody th:has(bdi, code, .sub) { overflow-wrap: anywhere; min-width: 8rem; }
tbody th:has(bdi, code, .sub) { min-width: 11.5rem; }
td > details { min-width: 12rem; }
tbody tr:last-child > * { border-bottom: 0; } tbody tr:hover { background: color-mix(in srgb,
  var(--sunken) 55%, transparent); }
.sub { display: block; color: var(--ink-3); font-size: .88rem; overflow-wrap: anywhere; }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tbody time { white-space: nowrap; }
.foot { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; padding: .7rem 1.1rem;
  border-top: 1px solid var(--line); color: var(--ink-3); font-size: .9rem; } .foot .actions {
  margin-left: auto; }
.card > details:not(.body) > summary { padding: .9rem 1.1rem; font-weight: 600; cursor: pointer; }
.empty { padding: 2rem 1.1rem; text-align: center; color: var(--ink-2); } .empty p {
  margin: 0 auto .8rem; max-width: 60ch; } .empty b { color: var(--ink); font-size: 1.05rem; }
.empty pre { text-align: left; }
.note { border: 1px solid var(--line); border-left: 4px solid var(--accent);
  background: var(--accent-soft); border-radius: 8px; padding: .8rem 1rem; margin-bottom: var(--gap);
  overflow-wrap: anywhere; }
.note.warn { border-left-color: var(--warn); background: var(--warn-soft); } .note.bad {
  border-left-color: var(--bad); background: var(--bad-soft); } .note.good {
  border-left-color: var(--good); background: var(--good-soft); }
.note > b { display: block; } .note > p { margin: .3rem 0 0; }
dl { display: grid; grid-template-columns: fit-content(50%) minmax(0, 1fr); gap: .45rem 1.25rem;
  margin: 0; }
dt { color: var(--ink-3); overflow-wrap: anywhere; } dd { margin: 0; overflow-wrap: anywhere; }
td dl { grid-template-columns: minmax(0, 1fr); gap: .1rem; } td dd { margin-bottom: .5rem; }
.two { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 3fr); gap: var(--gap);
  align-items: start; }
.two > :last-child tbody th { min-width: 7rem; }
.two > :last-child :is(td, th):not(:first-child) { padding-left: .5rem; }
.two > :last-child :is(td, th):not(:last-child) { padding-right: .5rem; }
.body .steps { margin: 0; padding: 0; list-style: none; counter-reset: s; }
.steps li { counter-increment: s; padding: .55rem 0 .55rem 2.2rem; position: relative;
  border-bottom: 1px solid var(--line); } .steps li:last-child { border: 0; }
.steps li::before { content: counter(s); position: absolute; left: 0; top: .6rem; width: 1.5rem;
  height: 1.5rem; border-radius: 50%; background: var(--sunken); color: var(--ink-2);
  font-size: .82rem; font-weight: 650; display: grid; place-items: center; }
.steps li.done::before { content: "✓" / ""; background: var(--good-soft); color: var(--good); }
.steps b { display: block; } .steps small { color: var(--ink-2); }
@media (max-width: 56rem) {
  .frame { display: block; }
  .side { position: static; height: auto; flex-direction: row; flex-wrap: wrap; align-items: center;
    border-right: 0; border-bottom: 1px solid var(--line); padding: .6rem .75rem; }
  .side h2 { display: none; } .brand { padding: .25rem .6rem; } .side nav { display: flex;
    flex-wrap: wrap; } .me { margin: 0 0 0 auto; border: 0; padding: .25rem .6rem; }
  main { padding: 1.1rem 1rem 3rem; } .two { grid-template-columns: minmax(0, 1fr); }
  .head .actions { margin-left: 0; }
}
@media (max-width: 30rem) { dl { grid-template-columns: minmax(0, 1fr); gap: .1rem; } dd {
  margin-bottom: .5rem; } thead th, td, tbody th { padding: .5rem .7rem; } }
@media (prefers-reduced-motion: no-preference) { .button, .side nav a { transition: background .12s; } }
@media (forced-colors: active) { .chip, .button, .note, .card { border: 1px solid; } }
@media print { .side, .skip, .buttons, .head .actions, .filters, .foot .actions, .scripted {
  display: none; } .frame { display: block; } body, .card { background: none; box-shadow: none; }
  main { padding: 0; max-width: none; } .copy input { display: none; }
  .copy::after { content: attr(data-value); overflow-wrap: anywhere; }
  .card { break-inside: avoid; } }
`;
