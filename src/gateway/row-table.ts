// Rows that every request looks up: kept in memory, written to the database before they count.
import type { z } from "zod";
import type { Books } from "./books.ts";

export class RowTable<Row> {
  readonly #books: Books;
  readonly #rows: Map<string, Row>;
  readonly #insert: string;
  readonly #delete: string;

  constructor(books: Books, table: "virtual_key" | "owner", schema: z.ZodType<Row>) {
    const column = table === "virtual_key" ? "hash" : "id";
    this.#books = books;
    this.#insert = `INSERT INTO ${table} VALUES (?, ?) ON CONFLICT DO UPDATE SET row = excluded.row`;
    this.#delete = `DELETE FROM ${table} WHERE ${column} = ?`;
    const stored = books.db.prepare(`SELECT ${column} AS id, row FROM ${table}`).all();
    this.#rows = new Map(stored.map(({ id, row }) => [String(id), schema.parse(JSON.parse(String(row)))]));
  }

  get(id: string): Row | undefined {
    return this.#rows.get(id);
  }

  all(): readonly Row[] {
    return [...this.#rows.values()];
  }

  /** `also` is written in the same transaction. */
  async put(id: string, row: Row, also: () => void): Promise<void> {
    const text = JSON.stringify(row);
    await this.#books.commit((db) => {
      db.prepare(this.#insert).run(id, text);
      also();
    });
    this.#rows.set(id, row);
  }

  /** The row moves to another id. */
  async replace(from: string, to: string, row: Row, also: () => void): Promise<void> {
    const text = JSON.stringify(row);
    await this.#books.commit((db) => {
      db.prepare(this.#delete).run(from);
      db.prepare(this.#insert).run(to, text);
      also();
    });
    this.#rows.delete(from);
    this.#rows.set(to, row);
  }

  async remove(id: string, also: () => void): Promise<void> {
    await this.#books.commit((db) => {
      db.prepare(this.#delete).run(id);
      also();
    });
    this.#rows.delete(id);
  }
}
