// Other spellings of a command that do the same. A guard that judges what a command does must not mind any of them.
import { parse } from "unbash";
import { quote } from "./quote.ts";

type Respelling = { readonly name: string; readonly write: (command: string) => string | undefined };

const encode = (command: string): string => Buffer.from(command).toString("base64");

/** The first word, when it is a plain program name and may be written otherwise. */
function withFirstWord(command: string, write: (word: string) => string): string | undefined {
  const [, word = "", rest = ""] = /^([a-z][\w-]*)(?=[ \n]|$)([^]*)$/.exec(command) ?? [];
  const isKeyword = /^(if|for|while|until|case|select|function|time|coproc|do|then|else|fi|done|esac|in)$/.test(word);
  if (word === "" || isKeyword || rest.trimStart().startsWith("(")) return undefined;
  const isSimple = parse(`${word} x`).commands[0]?.command.type === "Command";
  return isSimple ? write(word) + rest : undefined;
}

export const RESPELLINGS: readonly Respelling[] = [
  { name: "white space and a comment", write: (command) => ` \t${command}\n# done` },
  { name: "after another command", write: (command) => `true && :\n${command}` },
  { name: "bash -c", write: (command) => `bash -c ${quote(command)}` },
  { name: "nested sh -c", write: (command) => `sh -c ${quote(`bash -c ${quote(command)}`)}` },
  { name: "eval", write: (command) => `eval ${quote(command)}` },
  { name: "subshell", write: (command) => `(\n${command}\n)` },
  { name: "group", write: (command) => `{\n${command}\n}` },
  { name: "branch", write: (command) => `if true; then\n${command}\nfi` },
  { name: "function", write: (command) => `zz() {\n${command}\n}\nzz` },
  { name: "base64 into a shell", write: (command) => `echo ${encode(command)} | base64 -d | sh` },
  { name: "here-document", write: (command) => `bash <<'ZZ'\n${command}\nZZ` },
  { name: "written, then run", write: (command) => `cat > zz.sh <<'ZZ'\n${command}\nZZ\nsh zz.sh` },
  { name: "variable holding it all", write: (command) => `zz=${quote(command)}\neval "$zz"` },
  { name: "split quotes", write: (command) => withFirstWord(command, (word) => `${word[0]}''${word.slice(1)}`) },
  { name: "backslash", write: (command) => withFirstWord(command, (word) => `\\${word}`) },
  { name: "$'...'", write: (command) => withFirstWord(command, (word) => `$'${hex(word)}'`) },
  { name: "command in a variable", write: (command) => withFirstWord(command, (word) => `zz=${word}\n$zz`) },
  { name: "line continuation", write: (command) => withFirstWord(command, (word) => `${word[0]}\\\n${word.slice(1)}`) },
];

function hex(word: string): string {
  return word
    .split("")
    .map((char) => `\\x${char.charCodeAt(0).toString(16)}`)
    .join("");
}
