// What every host has: updates, a journal that stays, accounts, kernel settings, no core dumps.
import { accounts } from "./accounts.ts";
import { audit, clock, kernel } from "./kernel.ts";
import { folders, journal, limits, masks, noCoreDumps } from "./lockdown.ts";
import type { Role } from "./role.ts";
import { packages, updates } from "./updates.ts";

export const common: Role = (input) => [
  ...packages(input),
  ...updates(),
  ...journal(input.estate),
  ...folders(),
  ...noCoreDumps(),
  ...limits(),
  ...kernel(input.estate),
  ...clock(input),
  ...audit(),
  ...accounts(input),
  ...masks(),
];
