// A registry that wants a token says where it is given out (distribution's token authentication). Ours is nobody's: what
// may be read without an account.
import * as z from "zod";
import { Problem } from "../lib/problem.ts";
import { ask, type Answer, type Asking } from "./ask.ts";
import { isLoopback, type Reference } from "./reference.ts";

const Token = z.object({ token: z.string().min(1).optional(), access_token: z.string().min(1).optional() });

/** Throws Problem `failed` when it cannot be had without an account. */
export async function tokenFor({ headers }: Answer, reference: Reference, asking: Asking): Promise<string> {
  const challenge = [headers["www-authenticate"] ?? []].flat().find((each) => /^bearer /i.test(each));
  const { realm, service } = parametersOf(challenge ?? "");
  if (realm === undefined) throw needsAccount(reference);
  const url = URL.parse(realm);
  const mayBePlain = url !== null && isLoopback(url.host) && isLoopback(new URL(reference.base).host);
  if (url === null || (url.protocol !== "https:" && !(mayBePlain && url.protocol === "http:"))) {
    throw odd(reference, "names no place with HTTPS for its tokens");
  }
  if (service !== undefined) url.searchParams.set("service", service);
  // Ours, not the challenge's: no more than to read this one.
  url.searchParams.set("scope", `repository:${reference.repository}:pull`);
  const answer = await ask(url.href, { accept: "application/json" }, reference, asking);
  if (answer.status === 401 || answer.status === 403) throw needsAccount(reference);
  if (answer.status !== 200) throw odd(reference, `gave no token (${answer.status})`);
  const { token, access_token: access } = read(answer.body);
  const found = token ?? access;
  if (found === undefined) throw odd(reference, "gave an answer without a token");
  return found;
}

function read(body: Uint8Array): z.infer<typeof Token> {
  try {
    return Token.parse(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return {};
  }
}

/** `Bearer realm="...",service="..."`: a value in quotes may hold commas. */
function parametersOf(challenge: string): Readonly<Record<string, string>> {
  const found = challenge.matchAll(/([a-z_]+)="([^"]*)"/gi);
  return Object.fromEntries([...found].map(([, name = "", value = ""]) => [name.toLowerCase(), value]));
}

function needsAccount({ text, base }: Reference): Problem {
  const fix = "copy it to a registry that may be read, and name it there";
  const what = `may not be read at ${new URL(base).host} without an account`;
  return new Problem({ code: "failed", where: text, what, fix });
}

function odd({ text, base }: Reference, what: string): Problem {
  const fix = "look at what answers there: it is no registry as others are";
  return new Problem({ code: "failed", where: text, what: `${new URL(base).host} ${what}`, fix });
}
