// Thrown for what cannot be cleaned: the request goes to the local worker where there is one, else the client hears why.
import { Refusal, type RefusalKind } from "../refusal.ts";

export class Unclean extends Refusal {
  constructor(message: string, kind: RefusalKind = "policy_blocked", capability?: string) {
    super(kind, message, {}, { capability, reason: capability ?? "it cannot be cleaned" });
    this.name = "Unclean";
  }
}
