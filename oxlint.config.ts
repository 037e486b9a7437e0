// The lint rules, and the one map of which room may use which. A room is entered by its index.ts only.
import { defineConfig } from "oxlint";

/** Who eats what, besides `lib`. Shown in ARCHITECTURE.md; a wrong import fails `npm run check`. */
const rooms: Record<string, readonly string[]> = {
  lib: [],
  secrets: [],
  estate: ["secrets"],
  resources: [],
  roles: ["estate", "resources", "gateway"], // of the gateway, its config schema only
  host: [],
  observe: ["host", "resources"],
  plan: ["resources"],
  approval: ["plan"],
  apply: ["plan", "approval", "observe", "host", "ledger"],
  ledger: [],
  verify: ["estate", "host"],
  policy: ["estate"],
  gateway: ["ledger"],
  guard: ["ledger"],
  egress: ["estate"],
  airgap: ["ledger"],
  evidence: ["ledger", "verify", "policy", "estate"],
  lab: ["host"],
  console: ["plan", "ledger", "evidence"],
  init: ["estate", "secrets", "guard"],
  doctor: ["estate", "secrets", "guard", "host", "apply", "init"],
  lint: ["estate"],
  registry: [],
  catalogue: ["estate"],
};

/** Rooms whose functions are pure: no I/O, clock, environment or randomness. */
const pure = new Set(["resources", "roles", "plan"]);

/** Files that a room may take past another's front door, which would load too much. */
const sideDoors: Readonly<Record<string, readonly string[]>> = {
  // The configuration's schema, without the server.
  roles: ["gateway/config.ts"],
  // The append path and the look at what is there, alone: the bookkeeper's thread holds nothing else.
  gateway: ["ledger/append.ts", "ledger/last-entries.ts"],
  // The same: the guard must start fast.
  guard: ["ledger/append.ts", "ledger/sha256.ts"],
  // Where secrets files are written and checked, not only opened.
  init: ["secrets/desk/index.ts"],
  doctor: ["secrets/desk/index.ts"],
  // The parsed files with their lines, which nobody needs who wants an estate that is right.
  lint: ["estate/inspect.ts"],
};

const walls = Object.entries(rooms).map(([room, eats]) => {
  const closed = [
    ...Object.keys(rooms).filter((other) => other !== room && other !== "lib" && !eats.includes(other)),
    "cli",
  ];
  const patterns = [
    {
      group: ["../*/**", "!../*/index.ts", "!../lib/*.ts", ...(sideDoors[room] ?? []).map((file) => `!../${file}`)],
      message: "enter a room by its index.ts",
    },
    {
      group: closed.map((other) => `../${other}/**`),
      message: `${room} may not use this room: see the map in oxlint.config.ts`,
    },
    ...(pure.has(room)
      ? [
          {
            group: ["node:*", "!node:test", "!node:assert", "!node:assert/strict", "!node:path"],
            message: `${room} is pure: no I/O`,
          },
        ]
      : []),
  ];
  return {
    files: [`src/${room}/**/*.ts`],
    rules: { "no-restricted-imports": ["error", { patterns }] as ["error", object] },
  };
});

export default defineConfig({
  plugins: ["typescript", "unicorn", "import", "node", "promise", "oxc"],
  options: { typeAware: true },
  categories: { correctness: "error", suspicious: "error", perf: "warn" },
  ignorePatterns: ["node_modules", "examples", "schema", "docs/reference"],
  rules: {
    "import/no-cycle": "error",
    "import/no-unassigned-import": "off",
    "typescript/no-floating-promises": [
      "error",
      {
        allowForKnownSafeCalls: [
          {
            from: "package",
            package: "node:test",
            name: ["test", "describe", "it", "suite", "after", "before", "afterEach", "beforeEach"],
          },
        ],
      },
    ],
    "typescript/no-misused-promises": "error",
    "typescript/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    "typescript/no-explicit-any": "error",
    "typescript/no-non-null-assertion": "error",
    "max-lines": ["error", { max: 250, skipBlankLines: true, skipComments: true }],
    "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
    "max-depth": ["error", 3],
    "no-await-in-loop": "off",
    "oxc/no-map-spread": "off",
    "no-underscore-dangle": "off",
    "unicorn/no-array-sort": "off",
    "unicorn/prefer-add-event-listener": "off",
  },
  overrides: [
    ...walls,
    {
      files: ["**/*.test.ts", "test/**/*.ts", "bench/**/*.ts", "scripts/**/*.ts"],
      rules: { "max-lines": "off", "max-lines-per-function": "off" },
    },
  ],
});
