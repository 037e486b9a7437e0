// Where the journal's lines stand: what its writer tells its reader.

export const JOURNAL_FILES = ["journal-0", "journal-1"] as const;

/** Whole lines of one of the files, by bytes; `last` is the number of the last of them. */
export type Range = { readonly file: 0 | 1; readonly start: number; readonly end: number; readonly last: number };

/** A line without its end is its checksum (eight digits), a blank, and JSON with its number. */
export const CHECKSUM_LENGTH = 8;
