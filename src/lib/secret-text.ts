// The text that a secret becomes in a file: itself, or a line of an env file. The one place where `{}` is replaced.
import { Problem } from "./problem.ts";
import type { Sensitive } from "./sensitive.ts";

/** The template of a variable in an env file. In single quotes Compose takes every letter as it stands ($, # and spaces). */
export function envTemplate(variable: string): string {
  return `${variable}='{}'\n`;
}

/** Throws Problem `secret` for a value that single quotes cannot hold. */
export function secretText(name: string, template: string, secret: Sensitive): string {
  const value = secret.unwrap();
  if (template.includes("'{}'") && /['\r\n]/.test(value)) {
    throw new Problem({
      code: "secret",
      where: name,
      what: "holds a single quote or a line break, which a variable of a container cannot be given",
      fix: "let the service read it from a file: write file: instead of env: in its service.yaml",
    });
  }
  return template.replace("{}", () => value);
}
