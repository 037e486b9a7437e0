// Colours, where they are wanted.
import { styleText } from "node:util";

type Style = "red" | "green" | "yellow" | "dim" | "bold";

export function painter(isColoured: boolean): (style: Style, text: string) => string {
  return (style, text) => (isColoured ? styleText(style, text, { validateStream: false }) : text);
}
