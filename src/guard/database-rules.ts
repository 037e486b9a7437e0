// Databases: statements that destroy, that reach out of the database, that read its passwords.
import { argsOf, programOf } from "./call.ts";
import { isKnown } from "./field.ts";
import { report } from "./scope.ts";
import type { Rule, Rules } from "./rule.ts";

const DROPS =
  /\b(drop\s+(database|schema|table|user|role|owned|tablespace|index|view|extension|collection|keyspace)|truncate\b|delete\s+from\s+[\w."`]+\s*(;|$|"|')|update\s+[\w."`]+\s+set\s+(?![^;]*\bwhere\b)|alter\s+(role|user|system)|dropDatabase|\.drop\(|deleteMany\(\s*\{\s*\}|\.remove\(\s*\{\s*\}|flushall|flushdb|config\s+set\s+dir|shutdown\b|debug\s+sleep|script\s+flush|reassign\s+owned)/i;
const ESCAPES =
  /(\bcopy\s+[^;]*\b(to|from)\s+(program|')|pg_read_file|pg_ls_dir|lo_(import|export)|into\s+(outfile|dumpfile)|load_file\s*\(|load\s+data|xp_cmdshell|load_extension|\\!|(^|[\s;"'])\.(shell|system|output|once|load|import|dump|backup|save)\b|\\(o|i|copy|w|g)\s)/i;
const PASSWORDS =
  /\b(pg_shadow|pg_authid|mysql\.user|rolpassword|authentication_string|acl\s+(list|getuser)|config\s+get\s+(requirepass|\*))/i;

const database: Rule = (call, scope) => {
  const program = programOf(call);
  const text = [...argsOf(call), call.stdin ?? ""].join(" ");
  if (/^(dropdb|dropuser)$/.test(program)) report(scope, "deny", "data-loss", `${program} destroys a database`);
  else if (DROPS.test(text)) report(scope, "deny", "data-loss", `${program} destroys data`);
  else if (ESCAPES.test(text)) report(scope, "deny", "interpreter", `${program} runs programs or touches files`);
  else if (PASSWORDS.test(text)) report(scope, "deny", "secret-read", `${program} reads passwords`);
  else if (/\b(insert|update|delete|alter|create|grant|revoke|set|del|restore)\b/i.test(text) || !isKnown(text))
    report(scope, "ask", "database", `${program} changes data`);
  else if (
    /^(pg_dump|pg_dumpall|mysqldump|mongodump|pg_restore|mongorestore|psql|mysql)$/.test(program) &&
    /(-f|--file|<)/.test(text)
  )
    report(scope, "ask", "database", `${program} moves data`);
  return undefined;
};

const PROGRAMS =
  "psql mysql mariadb mongo mongosh redis-cli valkey-cli sqlite3 duckdb clickhouse-client cqlsh sqlcmd dropdb dropuser " +
  "createdb pg_dump pg_restore pg_dumpall mysqldump mongodump mysqladmin";

export const databaseRules: Rules = Object.fromEntries(PROGRAMS.split(" ").map((name) => [name, database]));
