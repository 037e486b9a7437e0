// The images of Demesne's own programs: what goes into each, in one place for rehearsals and for real registries.
import { buildImage } from "../lab/index.ts";

const root = new URL("../../", import.meta.url).pathname;

/** Builds the gateway's image into the cache; nothing is done when it is there already. */
export async function gatewayImage(cache: string): ReturnType<typeof buildImage> {
  return await buildImage(
    { cache },
    {
      name: "demesne/gateway",
      root,
      entry: "src/gateway/main.js",
      args: ["--config", "/etc/demesne/gateway.yaml"],
      ports: [4000],
      include: ["src/gateway/prices.yaml"],
      state: ["/var/lib/demesne-gateway"],
    },
  );
}
