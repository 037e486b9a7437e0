// One argument as shell text.
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
