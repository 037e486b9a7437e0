// Where an estate keeps its secrets, relative to its folder. SOPS and age, encrypted, committed.
export const SECRETS_FILE = "inventory/secrets.sops.yaml";
