// Times the steps of a rehearsal and tells each as it begins.
import type { Progress } from "../../lib/ports.ts";

export type Timer = {
  readonly durations: readonly { readonly step: string; readonly seconds: number }[];
  /** Runs a step; its duration is noted when it succeeds. */
  step<T>(title: string, work: () => Promise<T>): Promise<T>;
};

export function timer(progress: Progress): Timer {
  const durations: { step: string; seconds: number }[] = [];
  let begun = 0;
  return {
    durations,
    step: async (title, work) => {
      progress.step(`${(begun += 1)}. ${title}`);
      const began = performance.now();
      const result = await work();
      durations.push({ step: title, seconds: Math.round((performance.now() - began) / 10) / 100 });
      progress.detail("");
      return result;
    },
  };
}
