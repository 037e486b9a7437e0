// Programs in other languages. They are not parsed: their string literals are, and which kinds of functions stand near
// them. A program that hides its strings and then runs them is denied for hiding.
import { isKnown, show } from "./field.ts";
import { judgeRemoval, judgeWrite } from "./files.ts";
import { metadataAddress } from "./metadata.ts";
import { guardrailAt, secretAt } from "./places.ts";
import { quote } from "./quote.ts";
import { inner, report, type Scope } from "./scope.ts";
import type { Tools } from "./rule.ts";

const RUNS =
  /\b(os\.(system|popen|exec\w*|spawn\w*|posix_spawn)|subprocess|Popen|pty\.spawn|getoutput|child_process|exec\w*|spawn\w*|system|shell_exec|passthru|proc_open|popen|Deno\.(run|Command)|Bun\.(spawn|\$)|Open3|do shell script|getline|runtime\.exec|ProcessBuilder|Start-Process|Invoke-Expression|iex)\b|`[^`]*`|%x[{([]|\bqx\b|\|&?\s*["']/;
const REMOVES_TREE =
  /\b(rmtree|rmSync|rmdirSync|fs\.(promises\.)?rm|rm\s*\(|remove_tree|rm_rf|rm_r|removedirs|rimraf|RemoveAll|delete_tree|remove_dir_all|Remove-Item|unlinkSync|unlink|os\.remove|fs\.unlink|File\.delete|Deno\.remove)\b/;
const WRITES =
  /\b(write\w*|open\w*\s*\([^)]*['"][wax+]|append\w*|unlink\w*|remove\w*|rename\w*|replace|chmod\w*|chown\w*|truncate\w*|symlink\w*|link\w*|copy\w*|cp\w*|move\w*|mv|rm\w*|dump|save|print\s*>|file_put_contents|>\s*['"]|Set-Content|Out-File)\b|>>?\s*"/i;
const ENVIRONMENT =
  /\bos\.environ\b(?!\s*(\[|\.get\b|\.setdefault\b|\.pop\b|\.copy\b))|\bprocess\.env\b(?!\s*(\.|\[|\?\.))|\bENV\b\.?(to_h|inspect|each|map|sort)|%ENV|\$_ENV\b|getenv\(\)|Deno\.env\.toObject|\bENVIRON\b(?!\[)|os\.environb|Get-ChildItem\s+env:|\bENV\b\s*\)/;
const SECRET_VARIABLE =
  /(environ(\.get)?|getenv|env|ENV|ENVIRON)\s*(\.|\[|\()\s*['"]?\w*(KEY|TOKEN|SECRET|PASSW|CREDENTIAL)\w*/i;
const HIDES =
  /b64decode|b32decode|a85decode|unhexlify|fromhex|atob\s*\(|base64['"]?\s*\)|['"](base64|hex)['"]|fromCharCode|fromCodePoint|\bchr\s*\(|codecs\.decode|rot_?13|zlib\.decompress|marshal\.loads|pickle\.loads|pack\s*\(\s*['"]H|unpack\s*\(|decode64|\[::-1\]|\.reverse\(\)/;
const EVALUATES =
  /\b(eval|exec|compile|__import__|Function|execfile|runInThisContext|vm\.run\w*|instance_eval|loadstring|load|assert|create_function)\s*\(|\beval\b/;
const PARENT = /getppid|process\.ppid|\$PPID|posix_getppid/;
const HOME = /expanduser|Path\.home|homedir\s*\(|\bHOME\b|Dir\.home|userInfo\s*\(/;
const SENDS =
  /\b(requests\.(post|put|patch)|urlopen|http\.client|HTTPSConnection|socket|smtplib|ftplib|paramiko|axios\.(post|put)|method:\s*['"](POST|PUT)|Net::(HTTP|FTP|SMTP)|IO::Socket|LWP|fsockopen|curl_init|net\.connect|dgram|dns\.(resolve|lookup)|gethostbyname|getaddrinfo|TCPSocket|\/inet\/(tcp|udp))\b|\/inet\/(tcp|udp)/;

export function judgeCode(language: string, text: string, scope: Scope, tools: Tools): void {
  if (!isKnown(text)) report(scope, "ask", "interpreter", `${language} runs a program that is only known when it runs`);
  const literals = literalsOf(withoutMereNames(text));
  for (const literal of literals) judgeLiteral(language, literal, text, scope);
  if (PARENT.test(text) && /kill/i.test(text))
    report(scope, "deny", "guardrail", `${language} ends the process that guards it`);
  if (ENVIRONMENT.test(text) || SECRET_VARIABLE.test(text))
    report(scope, "deny", "environment-read", `${language} reads keys from the environment`);
  const runs = RUNS.test(text);
  if (HIDES.test(text) && (runs || EVALUATES.test(text)))
    report(scope, "deny", "hidden-code", `${language} runs text that it first unhides`);
  if (HIDES.test(text) && /\b(open|readFile\w*|read_text|File\.read|slurp|file_get_contents)\b/.test(text))
    report(scope, "ask", "hidden-code", `${language} opens a file whose name it hides`);
  if (runs) judgeCommands(literals, text, scope, tools);
  if (REMOVES_TREE.test(text)) judgeTrees(language, literals, text, scope);
  if (SENDS.test(text) && !/localhost|127\.0\.0\.1|\[::1\]/.test(text))
    report(scope, "ask", "network", `${language} talks to the network`);
}

/** Asking whether a file is there does not read it; copying onto it does not either. */
function withoutMereNames(text: string): string {
  return text
    .replaceAll(/\b(file_exists|existsSync|exists|is_?file|accessSync)\s*\(\s*(["'])[^"']*\2\s*\)/g, " ")
    .replaceAll(/(\bcopy\w*\(\s*)("[^"]*"|'[^']*')\s*,\s*("[^"]*"|'[^']*')/g, "$1$2");
}

const LITERAL =
  /("""|''')([^]*?)\1|"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`|(?:\bq[qwx]?|%[xwWqQ])[{(]([^})]*)[})]|\/((?:[\w.-]+\/)+[\w.-]+)/g;

/** What stands in quotes, with literals joined that the program itself joins. */
function literalsOf(text: string): string[] {
  const joined = text.replaceAll(/(["'])\s*(?:\+|\.)\s*\1/g, "").replaceAll(/'\s*\+\s*"|"\s*\+\s*'/g, "");
  return [...joined.matchAll(LITERAL)].map((match) =>
    unescape(match.slice(2).find((group) => group !== undefined) ?? ""),
  );
}

function unescape(text: string): string {
  return text
    .replaceAll(
      /\\x([0-9a-fA-F]{2})|\\u\{?([0-9a-fA-F]{4})\}?/g,
      (_, two: string | undefined, four: string | undefined) =>
        String.fromCharCode(Number.parseInt(two ?? four ?? "0", 16)),
    )
    .replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    .replaceAll(/\\(['"\\/])/g, "$1");
}

function judgeLiteral(language: string, literal: string, text: string, scope: Scope): void {
  if (literal === "" || literal.length > 4096) return;
  const path =
    HOME.test(text) && !literal.startsWith("/")
      ? `${scope.world.home}/${literal.replace(/^~?\/?/, "")}`
      : literal.replace(/^~(?=\/)/, scope.world.home);
  const secret = /\s/.test(literal) ? undefined : (secretAt(path, scope) ?? secretAt(literal, scope));
  if (secret !== undefined) report(scope, "deny", "secret-read", `${language} reaches ${secret}: ${show(literal)}`);
  if (metadataAddress(literal)) report(scope, "deny", "metadata", `${language} asks a machine's metadata service`);
  const isGuardrail = !/\s/.test(literal) && guardrailAt(path, scope) !== undefined;
  if (isGuardrail && (WRITES.test(text) || REMOVES_TREE.test(text))) judgeWrite(path, scope, "");
}

/** Each literal as a command, and neighbouring ones as one argument list. */
function judgeCommands(literals: readonly string[], text: string, scope: Scope, tools: Tools): void {
  const lists = [...text.matchAll(/[[({,]\s*((?:(["'])(?:(?!\2)[^\\]|\\.)*\2\s*,?\s*[[\]]?\s*){2,})/g)].map((match) =>
    literalsOf(match[1] ?? "")
      .map((word) => quote(word))
      .join(" "),
  );
  for (const command of [...literals, ...lists]) {
    const findings: Scope["findings"] = [];
    tools.script(command, inner(scope, { findings }));
    // Most literals are no commands: only what was understood counts.
    const certain = findings.filter(
      ({ rule, verdict }) =>
        rule !== "unparsable" &&
        rule !== "unread-script" &&
        (verdict === "deny" || rule === "push" || rule === "demesne"),
    );
    scope.findings.push(...certain);
  }
}

function judgeTrees(language: string, literals: readonly string[], text: string, scope: Scope): void {
  const isTree =
    !/^[^]*\b(unlinkSync|unlink|os\.remove|File\.delete)\b[^]*$/.test(text) ||
    /rmtree|rmSync|rm_rf|remove_tree|recursive|RemoveAll|rimraf/.test(text);
  const paths = literals.filter(
    (literal) =>
      /^[/~.]|^[\w.-]+$/.test(literal) && !/^(utf-?8|node:\w+|fs|os|path|r|w|a|rimraf|shutil)$/.test(literal),
  );
  for (const path of paths)
    judgeRemoval(path.replace(/^~(?=\/|$)/, scope.world.home), scope, { isRecursive: isTree, by: language });
  if (HOME.test(text) && isTree) report(scope, "deny", "removal", `${language} removes a tree in the home folder`);
  else if (paths.length === 0 && isTree)
    report(scope, "ask", "removal", `${language} removes a tree that is only known when it runs`);
}
