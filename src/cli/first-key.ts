// The virtual key that `demesne gateway` hands to whoever tries it: one of a fixed name, however often it starts.
import { z } from "zod";
import { callManagement } from "../gateway/index.ts";

/** Its name. */
export const FIRST_KEY = "demesne-gateway";
const LIFE = "30d";

export type FirstKey = {
  /** Only where it was made now: the gateway keeps a digest. */
  readonly key: string | undefined;
  /** The end of its name that may be shown. */
  readonly shown: string;
  readonly expires: string | null;
  readonly blocked: boolean;
};

const Row = z.object({
  token: z.string(),
  key_name: z.string(),
  expires: z.string().nullable(),
  blocked: z.boolean(),
});

type Management = Parameters<typeof callManagement>[0];
type Effects = { readonly signal: AbortSignal; readonly now: number };

/**
 * Makes the key on the first start and where it has expired. One that holds is left alone: its clients go on with it, and a
 * new secret would end them.
 */
export async function firstKey(management: Management, { signal, now }: Effects): Promise<FirstKey> {
  const [row] = z
    .object({ keys: z.array(Row) })
    .parse(await callManagement(management, { method: "GET", path: `/key/list?key_alias=${FIRST_KEY}`, signal })).keys;
  const post = async (path: string, body: object) =>
    await callManagement(management, { method: "POST", path, body, signal });
  if (row === undefined) return made(await post("/key/generate", { key_alias: FIRST_KEY, duration: LIFE }));
  const isExpired = row.expires !== null && Date.parse(row.expires) <= now;
  if (!isExpired) return { key: undefined, shown: row.key_name, expires: row.expires, blocked: row.blocked };
  await post("/key/update", { key: row.token, duration: LIFE });
  return made(await post("/key/regenerate", { key: row.token }));
}

function made(answer: object): FirstKey {
  const { key, key_name: shown, expires, blocked } = Row.extend({ key: z.string() }).parse(answer);
  return { key, shown, expires, blocked };
}
