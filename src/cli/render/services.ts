// The services of an estate and of the catalogue, as two tables.
type Here = {
  readonly name: string;
  readonly host: string;
  readonly tier: string;
  readonly state: string;
  readonly dataClass: string;
};
type Offered = { readonly name: string; readonly about: string };

export function renderServices(services: readonly Here[], catalogue: readonly Offered[]): string {
  const here = services.map(({ name, host, tier, state, dataClass }) => [name, host, tier, state, dataClass]);
  return [
    ...(here.length === 0 ? [] : ["in this estate:", ...columns(here), ""]),
    "in the catalogue (demesne service new NAME --from ENTRY):",
    ...columns(catalogue.map(({ name, about }) => [name, about])),
    "",
  ].join("\n");
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd());
}
