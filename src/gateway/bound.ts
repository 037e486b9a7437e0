// How many tokens a request can have at most. A token is at least one byte of text, so the bytes that are sent bound it.
import type { Survey } from "./policy.ts";

/** Tokens that a provider adds around a block, a tool and a request; several times what its documentation names. */
const PER_BLOCK = 16;
const PER_TOOL = 128;
const PER_REQUEST = 2048;

/** A PDF page is read as an image and as text; 600 pages are the most that are taken. */
const PER_DOCUMENT = 600 * (4784 + 3000);

export function inputBound(sentBytes: number, survey: Survey, imageTokens: number): number {
  return (
    sentBytes -
    survey.mediaChars +
    survey.blocks * PER_BLOCK +
    survey.tools * PER_TOOL +
    survey.images * imageTokens +
    survey.documents * PER_DOCUMENT +
    PER_REQUEST
  );
}

/** What the upstream's own count allows: 5 % and a constant more, since it calls its count an estimate. */
export function countedBound(counted: number): number {
  return Math.ceil(counted * 1.05) + PER_REQUEST;
}
