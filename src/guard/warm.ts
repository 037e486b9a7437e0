// Run once, before V8's compiled form of the program is kept: what is compiled then need not be compiled in later calls.
import { readTail } from "../ledger/append.ts";
import { auditFolder } from "./audit.ts";
import { judge } from "./judge.ts";
import { redact } from "./redact.ts";

/** What sessions do all day. More of it would make what is loaded at each start larger. */
const COMMANDS: readonly string[] = [
  "git status --short && npm test 2>&1 | tail -20",
  'for f in services/*.yaml; do echo "$f"; done > out.txt',
  "cd src && grep -rn word . | head -5; ls -la; cat README.md",
  "git add -A && git commit -m 'one' && git log --oneline -3",
];

export function warm(root: string, home: string): void {
  const world = { root, home, read: () => undefined, resolve: (path: string) => path };
  for (const command of COMMANDS) {
    judge({ event: "PreToolUse", session: "", cwd: root, tool: "Bash", input: { command } }, world);
  }
  const input = { file_path: `${root}/estate.yaml`, content: "" };
  for (const tool of ["Read", "Write"]) judge({ event: "PreToolUse", session: "", cwd: root, tool, input }, world);
  redact("cat notes.txt");
  readTail(auditFolder(root, home));
}
