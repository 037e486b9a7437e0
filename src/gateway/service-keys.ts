// The virtual keys that the estate gives its services: known from the first request on, changed when their file changes,
// gone when the service is. Keys that were issued over the management socket are left alone.
import type { GatewayConfig } from "./config.ts";
import type { Keyring, VirtualKey } from "./keyring.ts";
import { readKey } from "./load-config.ts";
import { noTerms } from "./terms.ts";

/** Names that begin so are the estate's: no key is issued by hand under one. */
export const SERVICE_PREFIX = "service:";

const NOBODY = { userId: null, teamId: null, organizationId: null, routes: [], modelBudgets: [] };

/** Throws Problem when a key file cannot be read. */
export async function keepServiceKeys(keyring: Keyring, serviceKeys: GatewayConfig["serviceKeys"]): Promise<void> {
  const wanted = new Map(
    Object.entries(serviceKeys).map(([name, { keyFile, models }]) => [
      `${SERVICE_PREFIX}${name}`,
      { key: readKey(keyFile).unwrap(), models },
    ]),
  );
  const current = new Set([...wanted].map(([alias, { key }]) => own(keyring.find(key), alias)?.hash));
  const stale = keyring
    .list()
    .filter((row) => row.alias?.startsWith(SERVICE_PREFIX) === true && !current.has(row.hash));
  for (const row of stale) await keyring.remove(row);
  for (const [alias, { key, models }] of wanted) await keep(keyring, alias, key, models);
}

async function keep(keyring: Keyring, alias: string, key: string, models: string[]): Promise<void> {
  const row = keyring.find(key);
  if (row === undefined) {
    const settings = { ...noTerms, models, alias, ...NOBODY, expiresAt: null };
    await keyring.issue(settings, { cap: null, period: null }, key);
  } else if (row.models.join(" ") !== models.join(" ")) {
    await keyring.change(row, () => ({ models }));
  }
}

function own(row: VirtualKey | undefined, alias: string): VirtualKey | undefined {
  return row?.alias === alias ? row : undefined;
}
