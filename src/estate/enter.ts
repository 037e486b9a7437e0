// Opens an estate's folder, or says what to name instead.
import { Problem } from "../lib/problem.ts";
import { type EstateFolder, openFolder } from "./folder.ts";

/** Throws Problem `estate` when the folder cannot be entered. */
export async function enter(dir: string, signal: AbortSignal): Promise<EstateFolder> {
  try {
    return await openFolder(dir, signal);
  } catch (cause) {
    signal.throwIfAborted();
    const fix = "name a folder that holds an estate.yaml, such as examples/harbour";
    throw new Problem({
      code: "estate",
      where: dir,
      what: "should be the folder of an estate, cannot be entered",
      fix,
      cause,
    });
  }
}
