// The client's message, checked by hand: a schema library would double the hook's start. What is not understood throws,
// and the hook denies.
export type HookEvent = {
  readonly event: string;
  readonly session: string;
  readonly cwd: string;
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
};

/** Throws. Text that two parsers could read differently (a key given twice, bytes that are not UTF-8) is unreadable. */
export function readEvent(bytes: Uint8Array): HookEvent {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new Error("the event is not an object");
  if (hasKeyTwice(text)) throw new Error("the event names a key twice");
  const { hook_event_name: event, session_id: session, cwd, tool_name: tool, tool_input: input } = value;
  if (typeof event !== "string" || typeof cwd !== "string" || !cwd.startsWith("/"))
    throw new Error("the event has no name or folder");
  if (event !== "PreToolUse") return { event, session: textOf(session), cwd, tool: "", input: value };
  if (typeof tool !== "string" || !isObject(input)) throw new Error("the event has no tool or input");
  return { event, session: textOf(session), cwd, tool, input };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** JSON.parse takes the last of two equal keys, others the first. */
function hasKeyTwice(text: string): boolean {
  const open: Set<string>[] = [];
  for (const [token, key] of text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:|"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (key !== undefined) {
      const names = open.at(-1);
      const name: unknown = JSON.parse(`"${key}"`);
      if (typeof name !== "string" || names?.has(name) === true) return true;
      names?.add(name);
    }
  }
  return false;
}
