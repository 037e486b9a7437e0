// The estate as the other rooms see it: plain, read-only, defaults filled in, the profile resolved.
import type { ComposeFile } from "./compose-file.ts";
import type { EstateFile } from "./estate-file.ts";
import type { HostEntry } from "./hosts-file.ts";
import type { Profile, ProfileName } from "./profile.ts";
import type { SecretsExampleFile } from "./secrets-example-file.ts";
import type { ServiceFile } from "./service-file.ts";

/** Read-only all the way down. */
type Plain<T> = T extends object ? { readonly [K in keyof T]: Plain<T[K]> } : T;

type Named<T> = Plain<{ name: string } & T>;

export type Tier = Plain<{ name: "team" | "guest" | "agent"; network4: string; network6: string }>;

export type EstateHost = Plain<{ id: string } & HostEntry>;

/** An image that is pulled by digest, or one that Demesne builds (its digest is in the lock once it was built). */
export type Image =
  | { readonly kind: "pinned"; readonly ref: string; readonly digest: string }
  | {
      readonly kind: "build";
      readonly build: "demesne-gateway";
      /** Where it was published; undefined until it was. */
      readonly ref?: string | undefined;
      readonly digest: string | undefined;
    };

export type EstateService = Plain<
  { name: string } & Omit<ServiceFile, "build" | "files"> & {
      /** One for each container of compose.yaml; the one with the service's own name has its ports. */
      containers: { name: string; image: Image }[];
      files: { name: string; text: string }[];
      compose: {
        path: string;
        document: ComposeFile;
        /** Line of each key in the file, by its path: `services/chat/image`. */
        lines: Record<string, number>;
      };
    }
>;

export type SecretRef = Plain<{
  /** Its path in inventory/secrets.sops.yaml. */
  name: string;
  generate: SecretsExampleFile["secrets"][string]["generate"];
  note: string;
  /** `services/chat/keys/chat`, `profiles/cloud/model`, `plans`. */
  usedBy: string[];
}>;

export type Estate = Plain<
  Omit<EstateFile, "profiles" | "dataClasses" | "tiers" | "accounts" | "waivers" | "profile"> & {
    /** The folder it was read from, absolute. */
    root: string;
    profile: ProfileName;
    /** The profile's side of the seam: all that may differ between profiles. */
    seam: Profile;
    dataClasses: Named<EstateFile["dataClasses"][string]>[];
    tiers: Tier[];
    /** One for each control. */
    waivers: ({ control: string } & Omit<EstateFile["waivers"][number], "controls">)[];
    accounts: Named<EstateFile["accounts"][string]>[];
    hosts: EstateHost[];
    services: EstateService[];
    imagesLock: Record<string, string>;
    secretRefs: SecretRef[];
    /** Text of policy/allowed_signers; undefined when there is none. */
    signers: string | undefined;
    /** Every file that was read, sorted by path, with its digest. */
    inputs: { path: string; digest: string }[];
  }
>;
