/**
 * Tables of comma-separated values (RFC 4180), as spreadsheets write them.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** One row, and where it is. */
export interface CsvRow {
  readonly fields: readonly string[];
  /** Number of the line that it begins on, counted from 1. */
  readonly line: number;
}

/**
 * Reads a table. Fields may be quoted, and then hold commas, line ends and doubled quotes; empty lines are passed over.
 *
 * @param path the file's name, for error messages
 * @throws {SyntaxError} if a quote is not closed, or something follows it
 */
export function parseCsv(text: string, path: string): CsvRow[] {
  const rows: CsvRow[] = [];
  let line = 1, fields: string[] = [], rowLine = 1;
  // One field, and the comma or line end after it. Quoted text first; what is not quoted holds no quote at its start.
  const field = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n][^,\r\n]*|))(,|\r\n|\n|\r|$)/y;
  for (
    field.lastIndex = text.startsWith("\ufeff") ? 1 : 0;
    field.lastIndex < text.length || fields.length > 0;
  ) {
    const at = field.lastIndex, match = field.exec(text);
    if (match === null) {
      const reason = text.indexOf('"', at + 1) < 0
        ? "a quote is not closed"
        : "something is wrong with its quotes";
      throw new SyntaxError(
        `Cannot read line ${line} of "${path}": ${reason}; double the quotes inside of a quoted field`,
      );
    }
    const [, quoted, bare, end] = match;
    fields.push(quoted?.replaceAll('""', '"') ?? bare);
    line += (match[0].match(/\r\n|\n|\r/g) ?? []).length;
    if (end === ",") continue;
    if (fields.length > 1 || fields[0] !== "" || quoted !== undefined) rows.push({ fields, line: rowLine });
    fields = [];
    rowLine = line;
  }
  return rows;
}

/** Writes a row; fields are quoted where they must be. */
export function formatCsvRow(fields: readonly string[]): string {
  return fields.map((field) => /[",\r\n]|^\s|\s$/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)
    .join(",") + "\n";
}
