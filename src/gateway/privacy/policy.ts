// The policy of what may leave to hosted models, by class of data. A part of the gateway's configuration; its digest stands
// in every audit record.
import { z } from "zod";

const className = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "should be a class's name: lower case, digits, hyphens");

export const DataClass = z.strictObject({
  hosted: z
    .enum(["masked", "analysed", "never"])
    .default("masked")
    .meta({
      description:
        "What leaves to a hosted model: `masked` is everything but the identifiers and names that are recognised, `analysed` " +
        "is free text that may name anybody, which leaves only through an analyser, `never` stays",
    }),
  media: z.enum(["refused", "passed"]).default("refused").meta({
    description: "Images and documents that cannot be read: `passed` only for a class that holds nobody's data",
  }),
});
export type DataClass = z.infer<typeof DataClass>;

const Analyser = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).meta({
    description: "Base URL of an analyser that speaks Presidio's HTTP API",
    examples: ["http://analyser:3000"],
  }),
  entities: z
    .array(z.string())
    .default(["PERSON", "LOCATION"])
    .meta({ description: "Kinds that it is asked for; structured identifiers are recognised by the gateway itself" }),
  language: z.string().default("en").meta({ description: "Language of the texts" }),
  minScore: z
    .number()
    .min(0)
    .max(1)
    .default(0.4)
    .meta({ description: "Findings that it is less sure of do not count" }),
  timeoutMs: z
    .int()
    .min(10)
    .default(10_000)
    .meta({ description: "Time it has for one text; without an answer nothing leaves" }),
});
export type AnalyserConfig = z.infer<typeof Analyser>;

const patterns = z.array(z.string().min(1).max(100));

export const PrivacyPolicy = z.strictObject({
  secretFile: z.string().startsWith("/").optional().meta({
    description: "File with the secret of the pseudonyms; when left out, <state>/privacy.key, made on the first start",
  }),
  classes: z.record(className, DataClass).default({}).meta({ description: "Classes of data, by name" }),
  defaultClass: className.default("default").meta({
    description: "Class of keys that `keys` does not name; `default` is masked unless `classes` says otherwise",
  }),
  keys: z
    .record(z.string(), className)
    .default({})
    .meta({
      description: "Class of data that a virtual key handles, by the key's alias",
      examples: [{ "chat/chat": "personal" }],
    }),
  dictionaries: z
    .array(
      z.strictObject({
        kind: z.enum(["client", "deal", "staff"]).meta({ description: "What the names are" }),
        file: z
          .string()
          .startsWith("/")
          .meta({ description: "File with one name a line; empty lines and lines with # do not count" }),
      }),
    )
    .default([])
    .meta({ description: "Names that the estate knows" }),
  analyser: Analyser.optional().meta({ description: "What finds names in free text" }),
  fallback: z
    .string()
    .optional()
    .meta({
      description: "Alias of a local route that gets what cannot be cleaned; refused when left out",
      examples: ["claude-local"],
    }),
  networkTools: patterns
    .default(["*fetch*", "*http*", "*curl*", "*browser*", "*web_search*", "*websearch*", "*webhook*", "*url*"])
    .meta({
      description:
        "Tools that reach the network, by name, * stands for anything: no value comes back into their arguments",
    }),
  shellTools: patterns
    .default(["bash", "*shell*", "*terminal*", "*exec*", "*command*"])
    .meta({ description: "Tools that run commands: no value comes back beside one of `networkPrograms`" }),
  networkPrograms: patterns
    .default(
      (
        "curl wget nc ncat netcat ssh scp sftp ftp lftp tftp rsync mosh telnet dig drill nslookup resolvectl getent host " +
        "ping traceroute tracepath http https aria2c lynx w3m socat websocat openssl mail sendmail mutt msmtp swaks " +
        "rclone s3cmd aws gsutil gh webrequest restmethod iwr irm /dev/tcp /dev/udp urllib urlopen requests httpx " +
        "aiohttp smtplib ftplib lwp socket fetch"
      ).split(" "),
    )
    .meta({ description: "Words of a command by which it may reach the network" }),
});
export type PrivacyPolicy = z.infer<typeof PrivacyPolicy>;
