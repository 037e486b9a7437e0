// Every comment of a YAML text with its place. The document model loses where comments stood, the token stream does not.
import { Lexer } from "yaml";

export type YamlComment = {
  readonly start: number;
  readonly end: number;
  /** Without the `#`. */
  readonly text: string;
  readonly column: number;
};

/** Marks that the lexer puts between tokens; they have no characters in the text. */
const MARKS = new Set(["\u0002", "\u0018", "\u001f"]);
const SCALAR_FOLLOWS = "\u001f";

function yamlComments(text: string): YamlComment[] {
  const comments: YamlComment[] = [];
  let offset = 0;
  let isScalar = false;
  for (const token of new Lexer().lex(text)) {
    if (MARKS.has(token)) {
      isScalar = token === SCALAR_FOLLOWS;
      continue;
    }
    if (token.startsWith("#") && !isScalar) {
      const column = offset - (text.lastIndexOf("\n", offset - 1) + 1);
      comments.push({ start: offset, end: offset + token.length, text: token.slice(1), column });
    }
    isScalar = false;
    offset += token.length;
  }
  return comments;
}

/** Hands comments out in order of place: each belongs to exactly one container. */
export function commentQueue(text: string): CommentQueue {
  const comments = yamlComments(text);
  let next = 0;
  const take = (fits: (comment: YamlComment) => boolean): YamlComment[] => {
    const from = next;
    for (let one = comments[next]; one !== undefined && fits(one); one = comments[next]) next += 1;
    return comments.slice(from, next);
  };
  return {
    before: (offset) => take((one) => one.start < offset),
    sameLine: (offset) => take((one) => !text.slice(offset, one.start).includes("\n") && one.start >= offset),
    trailing: (column, limit) => take((one) => one.start < limit && one.column >= column),
  };
}

export type CommentQueue = {
  /** Those that stand before an offset. */
  before(offset: number): YamlComment[];
  /** Those that follow an offset on its line. */
  sameLine(offset: number): YamlComment[];
  /** Those at least as far in as `column`, before the next content at `limit`. */
  trailing(column: number, limit: number): YamlComment[];
};
