// The way back, by dialect: for answers that come whole and for those that come as events.
import type { JsonObject } from "../json.ts";
import { ChatChunks, restoredChat } from "./restore-chat.ts";
import { MessagesEvents, restoredMessage } from "./restore-messages.ts";
import type { Returning } from "./tool-arguments.ts";

export type Answers = {
  readonly whole: (answer: JsonObject) => JsonObject;
  /** For one stream: what takes each event's place. */
  events(): { push(event: JsonObject): readonly JsonObject[] };
};

/** `undefined` for operations whose answers hold no text. */
export function answersOf(operation: string, returning: Returning): Answers | undefined {
  switch (operation) {
    case "messages":
      return {
        whole: (answer) => restoredMessage(answer, returning),
        events: () => new MessagesEvents(returning),
      };
    case "chat":
      return { whole: (answer) => restoredChat(answer, returning), events: () => new ChatChunks(returning) };
    default:
      return undefined;
  }
}
