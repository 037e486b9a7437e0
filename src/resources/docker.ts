// How resources read the Docker Engine's answers.
import type { z } from "zod";
import { DockerAnswer, type Answers, type NoAnswer, type Query } from "./query.ts";

/** The body of an answer, checked; an engine that is not there or says an error is unobservable, never empty. */
export function readEngine<T>(answers: Answers, query: Query, schema: z.ZodType<T>): NoAnswer | { readonly body: T } {
  const answer = answers(query);
  if ("unobservable" in answer) return answer;
  const { status, body } = DockerAnswer.parse(answer);
  if (status !== 200) return { unobservable: `the Docker engine answers ${status}` };
  const parsed = schema.safeParse(body);
  if (!parsed.success)
    return {
      unobservable: `the Docker engine answers in a form that is not known: ${parsed.error.issues[0]?.message}`,
    };
  return { body: parsed.data };
}
