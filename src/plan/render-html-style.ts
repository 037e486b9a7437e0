// The page's own style: light and dark as the reader's system has it, readable on a telephone and on paper.

export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f5f1; --card: #ffffff; --ink: #1d2127; --soft: #59616c; --line: #d9d6cd; --code: #f1efe8;
  --add: #1a6b35; --addback: #e6f4e8; --cut: #a3271f; --cutback: #fbeae7; --edit: #7a5200; --editback: #fbf1da;
  --grave: #a3271f; --graveback: #fbe3df; --mild: #7a5200; --mildback: #fbf1da; --link: #1b4f8f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --card: #1c2026; --ink: #e6e4de; --soft: #a4abb5; --line: #333a43; --code: #14181d;
    --add: #84d79b; --addback: #16301f; --cut: #f7a199; --cutback: #3b1b19; --edit: #efc36b; --editback: #33280f;
    --grave: #f7a199; --graveback: #4a1d1a; --mild: #efc36b; --mildback: #3a2d10; --link: #9cc4f5;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
}
main, header, footer { max-width: 62rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.25rem; }
footer { padding-top: 1rem; padding-bottom: 3rem; color: var(--soft); font-size: .875rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; letter-spacing: -.01em; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; padding-bottom: .375rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
h3 small, h2 small { font-weight: 400; color: var(--soft); font-size: .875rem; margin-left: .5rem; }
p { margin: .5rem 0; }
a { color: var(--link); }
.soft { color: var(--soft); }
code, pre, .mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .84375em; }
code, .mono { overflow-wrap: anywhere; }
pre { margin: .375rem 0; padding: .625rem .75rem; background: var(--code); border: 1px solid var(--line); border-radius: .375rem; overflow-x: auto; line-height: 1.45; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .875rem 1rem; margin: .75rem 0; }
.card > :first-child { margin-top: 0; } .card > :last-child { margin-bottom: 0; }
.stop { border-color: var(--grave); background: var(--graveback); }
.risks { display: grid; gap: .625rem; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); padding: 0; margin: .75rem 0; list-style: none; }
.risks li { background: var(--card); border: 1px solid var(--line); border-left: .3125rem solid var(--line); border-radius: .375rem; padding: .625rem .875rem; }
.risks li.grave { border-left-color: var(--grave); } .risks li.mild { border-left-color: var(--mild); }
.risks b { display: block; font-size: 1.0625rem; } .risks span { display: block; color: var(--soft); font-size: .875rem; }
.risks .asked { color: var(--ink); margin-top: .25rem; }
.badge { display: inline-block; padding: 0 .5rem; border-radius: 1rem; font-size: .8125rem; font-weight: 600; white-space: nowrap; }
.badge.grave { color: var(--grave); background: var(--graveback); } .badge.mild { color: var(--mild); background: var(--mildback); }
ul { padding-left: 1.25rem; } ul > li + li { margin-top: .375rem; } ul.changes > li + li, .risks > li + li { margin-top: 0; }
ul.changes { list-style: none; margin: 0; padding: 0; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
ul.changes > li { padding: .4375rem 1rem .4375rem 2.5rem; border-top: 1px solid var(--line); position: relative; }
ul.changes > li:first-child { border-top: 0; }
ul.changes > li:target { outline: 2px solid var(--link); outline-offset: -2px; }
.sign { position: absolute; left: .875rem; top: .5rem; width: 1.125rem; text-align: center; border-radius: .25rem; font-weight: 700; line-height: 1.4; }
.sign.add { color: var(--add); background: var(--addback); } .sign.edit { color: var(--edit); background: var(--editback); }
.sign.cut { color: var(--cut); background: var(--cutback); }
.diff { padding: .375rem 0; } .diff span { display: block; padding: 0 .75rem; white-space: pre; min-height: 1.45em; width: max-content; min-width: 100%; }
.diff .add { color: var(--add); background: var(--addback); } .diff .cut { color: var(--cut); background: var(--cutback); }
.diff .at { color: var(--soft); }
.fields { margin: .125rem 0 .25rem; font-size: .9375rem; } .fields div { overflow-wrap: anywhere; }
details { margin: .25rem 0; } summary { cursor: pointer; color: var(--link); font-size: .9375rem; border-radius: .25rem; }
summary:focus-visible, a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) minmax(0, 1fr); gap: .25rem 1rem; margin: .5rem 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
ol.steps { margin: .5rem 0; padding-left: 1.75rem; } ol.steps > li { margin: .5rem 0; min-width: 0; }
.window { border-left: .3125rem solid var(--mild); padding-left: .875rem; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; } th { text-align: left; color: var(--soft); font-weight: 400; }
th, td { padding: .1875rem .75rem .1875rem 0; vertical-align: top; overflow-wrap: anywhere; border-top: 1px solid var(--line); }
@media (max-width: 40rem) {
  main, header, footer { padding-left: .875rem; padding-right: .875rem; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; } dd { margin-bottom: .375rem; } header { padding-top: 1.25rem; }
}
@media print { body { background: #fff; } details::details-content { content-visibility: visible; block-size: auto; } }
`;
