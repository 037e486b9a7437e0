// `name:tag` as Docker reads it: which registry, which repository, which tag.

export type Reference = {
  /** As it was written. */
  readonly text: string;
  /** The registry's address. */
  readonly base: string;
  readonly repository: string;
  /** A tag, or a digest. */
  readonly version: string;
};

/** What a name without a registry means, and where its registry answers. */
const DEFAULT = { name: "docker.io", host: "registry-1.docker.io", library: "library/" };

export function referenceOf(text: string): Reference {
  const [path = "", digest] = text.split("@");
  const [, name = path, tag = "latest"] = /^(.+?)(?::([A-Za-z0-9_][\w.-]*))?$/.exec(path) ?? [];
  const [first = "", ...rest] = name.split("/");
  // Docker's own rule: what could be a host's name is one.
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const host = isHost && first !== DEFAULT.name ? first : DEFAULT.host;
  const repository = isHost ? rest.join("/") : name;
  const isOfficial = host === DEFAULT.host && !repository.includes("/");
  return {
    text,
    base: `${isLoopback(host) ? "http" : "https"}://${host}`,
    repository: isOfficial ? `${DEFAULT.library}${repository}` : repository,
    version: digest ?? tag,
  };
}

/** Docker speaks plain HTTP to a registry on the machine itself, and to no other. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, "");
  return name === "localhost" || name === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(name);
}
