// Web clients: what they send, where to, and what they bring.
import { argsOf, programOf, readOptions } from "./call.ts";
import { FETCHED, isUnknown, show, UNKNOWN } from "./field.ts";
import { judgeRead, judgeWrite } from "./files.ts";
import { report, type Scope } from "./scope.ts";
import type { Rule, Rules } from "./rule.ts";

export const LOOPBACK = /^(https?:\/\/)?(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|0\.0\.0\.0)([:/?]|$)/;

const CURL_VALUES = (
  "X request H header d data data-raw data-binary data-urlencode data-ascii json F form form-string T " +
  "upload-file o output K config u user A e b c x proxy m max-time w write-out E cert key cacert r C " +
  "connect-timeout retry retry-delay output-dir url resolve connect-to unix-socket abstract-unix-socket " +
  "oauth2-bearer netrc-file D dump-header"
).split(" ");

const curl: Rule = (call, scope) => {
  const options = readOptions(argsOf(call), CURL_VALUES);
  const all = (...names: readonly string[]): string[] => names.flatMap((name) => options.values.get(name) ?? []);
  for (const file of all("o", "output", "c", "D", "dump-header")) if (file !== "-") judgeWrite(file, scope, UNKNOWN);
  const body = all(
    "d",
    "data",
    "data-raw",
    "data-binary",
    "data-urlencode",
    "data-ascii",
    "json",
    "F",
    "form",
    "T",
    "upload-file",
    "form-string",
  );
  for (const text of body) for (const file of filesIn(text)) judgeRead(file, scope, "curl");
  for (const file of all("T", "upload-file")) judgeRead(file, scope, "curl");
  for (const file of all("K", "config")) judgeRead(file, scope, "curl");
  if (all("K", "config").length > 0) report(scope, "ask", "network", "curl takes its orders from a file");
  if (options.flags.has("n") || options.flags.has("netrc") || options.values.has("netrc-file"))
    report(scope, "ask", "secret-use", "curl sends stored passwords");
  if (all("unix-socket", "abstract-unix-socket").some((path) => /docker|containerd|podman/.test(path)))
    report(scope, "deny", "container-escape", "speaks to the container engine past its program");
  const urls = [...options.operands, ...all("url")];
  const changes = all("X", "request").some((method) => !/^(GET|HEAD|OPTIONS)$/i.test(method));
  judgeUrls("curl", urls, body.length > 0 || changes, scope);
  return UNKNOWN + FETCHED;
};

function filesIn(text: string): string[] {
  return [...text.matchAll(/(?:^|=|,)[@<]([^;,]+)/g)].map((match) => match[1] ?? "").filter((file) => file !== "-");
}

function judgeUrls(program: string, urls: readonly string[], sends: boolean, scope: Scope): void {
  for (const url of urls) {
    if (/^file:/i.test(url)) judgeRead(url, scope, program);
    else if (/^(gopher|dict|telnet|tftp|ldap|smb|smtp):/i.test(url))
      report(scope, "deny", "network", `${program} speaks ${url.split(":")[0]}`);
  }
  const outside = urls.filter((url) => !LOOPBACK.test(url));
  if (outside.length === 0 && urls.length > 0) return;
  if (sends) report(scope, "ask", "upload", `${program} sends data to ${show(outside[0] ?? "a server")}`);
  else if (outside.some((url) => isUnknown(url.replace(/^https?:\/\/[^/?#]*/, "")) && /[?&=]|\/$/.test(url)))
    report(scope, "ask", "upload", `${program} asks for an address that is only known when it runs`);
}

const wget: Rule = (call, scope) => {
  const options = readOptions(argsOf(call), [
    "O",
    "o",
    "a",
    "P",
    "output-document",
    "post-data",
    "post-file",
    "body-data",
    "body-file",
    "header",
    "U",
    "T",
    "t",
    "e",
    "execute",
    "i",
    "input-file",
    "method",
    "directory-prefix",
    "user-agent",
  ]);
  for (const name of ["post-file", "body-file", "i", "input-file"])
    for (const file of options.values.get(name) ?? []) judgeRead(file, scope, "wget");
  for (const name of ["O", "output-document", "o", "a"])
    for (const file of options.values.get(name) ?? []) if (file !== "-") judgeWrite(file, scope, UNKNOWN);
  if (options.values.has("use-askpass"))
    report(scope, "deny", "interpreter", "wget runs a program of its caller's choice");
  const sends = ["post-data", "post-file", "body-data", "body-file", "method"].some((name) => options.values.has(name));
  judgeUrls("wget", options.operands, sends, scope);
  return UNKNOWN + FETCHED;
};

const http: Rule = (call, scope) => {
  const { operands } = readOptions(argsOf(call), ["o", "output", "a", "auth", "A", "body", "data"]);
  for (const word of operands)
    for (const file of filesIn(word.replace(/^[^=@]*=?@/, "@"))) judgeRead(file, scope, programOf(call));
  const url = operands.find((word) => /[./:]/.test(word)) ?? "";
  judgeUrls(
    programOf(call),
    [url],
    operands.some((word) => /^(POST|PUT|PATCH|DELETE)$|[^=]=|:=|@/.test(word)),
    scope,
  );
  return undefined;
};

export const webRules: Rules = { curl, wget, http, https: http, xh: http };
