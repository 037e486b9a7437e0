// Where an estate keeps its secrets, relative to its folder. SOPS and age, encrypted, committed.
export const SECRETS_FILE = "inventory/secrets.sops.yaml";

/** The value in it that keys the digests by which plans and observations refer to secrets. */
export const DIGEST_KEY = "digest_key";
