// What a resource may ask a host, as data, and what it is told. The probe (observe/probe.py) knows these three and no more.
import { z } from "zod";

const StatQuery = z
  .strictObject({
    ask: z.literal("stat"),
    path: z
      .string()
      .startsWith("/")
      .meta({ description: "Absolute path; the link itself is looked at, not its target" }),
    content: z.boolean().optional().meta({ description: "Also answer the text, up to 256 KiB of UTF-8" }),
    keyed: z.boolean().optional().meta({ description: "Answer an HMAC instead of a digest, and never the text" }),
  })
  .meta({ description: "One path: type, mode, owner, group, digest" });

const RunQuery = z
  .strictObject({
    ask: z.literal("run"),
    argv: z.array(z.string()).min(1).meta({ description: "A read-only command of the probe's allow-list" }),
    operands: z.array(z.string()).optional().meta({ description: "Queries with the same argv are asked as one" }),
  })
  .meta({ description: "One read-only command: status and output" });

const DockerQuery = z
  .strictObject({
    ask: z.literal("docker"),
    path: z.string().startsWith("/").meta({ description: "GET path of the Docker Engine API" }),
  })
  .meta({ description: "One GET of the Docker Engine API over its local socket" });

export const Query = z.discriminatedUnion("ask", [StatQuery, RunQuery, DockerQuery]);
export type Query = z.infer<typeof Query>;

export const StatAnswer = z.strictObject({
  type: z.enum(["absent", "file", "directory", "symlink", "other"]),
  mode: z.string().optional(),
  owner: z.string().optional(),
  group: z.string().optional(),
  digest: z.string().optional(),
  content: z.string().optional(),
  target: z.string().optional(),
});
export type StatAnswer = z.infer<typeof StatAnswer>;

export const RunAnswer = z.strictObject({ status: z.number(), stdout: z.string(), stderr: z.string() });
export type RunAnswer = z.infer<typeof RunAnswer>;

export const DockerAnswer = z.strictObject({ status: z.number(), body: z.unknown() });
export type DockerAnswer = z.infer<typeof DockerAnswer>;

/** The probe could not answer: a missing program or socket, a time-out, an unreadable path. Never taken for absent. */
export const NoAnswer = z.strictObject({ unobservable: z.string() });
export type NoAnswer = z.infer<typeof NoAnswer>;

export const Answer = z.union([NoAnswer, StatAnswer, RunAnswer, DockerAnswer]);
export type Answer = z.infer<typeof Answer>;

/** Looks up the answer to a query. Throws TypeError when the query was never asked: a bug in a resource. */
export type Answers = (query: Query) => Answer;
