// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertThrows } from "@std/assert";
import { formatCsvRow, parseCsv } from "../formats/csv.ts";

const fields = (text: string) => parseCsv(text, "t.csv").map(({ fields }) => fields);

Deno.test("parseCsv() reads quoted fields, every line end, and empty fields", () => {
  assertEquals(fields("\ufefffile,label\r\na.jpg,rose\rb.jpg,\n\n,x"), [
    ["file", "label"],
    ["a.jpg", "rose"],
    ["b.jpg", ""],
    ["", "x"],
  ]);
  assertEquals(fields('"a,1.jpg","say ""ah"""\n"two\nlines",b\n'), [["a,1.jpg", 'say "ah"'], [
    "two\nlines",
    "b",
  ]]);
  assertEquals(fields('5" pipe.jpg,x'), [['5" pipe.jpg', "x"]], "a quote inside of a field");
  assertEquals(fields('""\n'), [[""]]);
  assertEquals(fields("a,"), [["a", ""]]);
  assertEquals(fields(""), []);
  assertEquals(fields("\n\n"), []);
});

Deno.test("parseCsv() numbers the lines, those inside of quotes too", () => {
  assertEquals(parseCsv('a\n\n"b\nb"\nc', "t.csv").map(({ line }) => line), [1, 3, 5]);
});

Deno.test("parseCsv() says where quotes are wrong", () => {
  assertThrows(
    () => fields('a,b\n"c,d\n'),
    SyntaxError,
    'Cannot read line 2 of "t.csv": a quote is not closed',
  );
  assertThrows(() => fields('"a"b,c'), SyntaxError, "something is wrong with its quotes");
});

Deno.test("formatCsvRow() writes what parseCsv() reads", () => {
  const rows = [["a", "b c", ""], ["x,y", 'say "ah"', "two\nlines"], [" blank ", "é 雪", "\r"], ["", ""]];
  assertEquals(fields(rows.map(formatCsvRow).join("")), rows);
  assertEquals(formatCsvRow(["a b", "c"]), "a b,c\n");
});

Deno.test("parseCsv() takes time in proportion to the text, whatever its quotes", () => {
  for (
    const text of [
      '"'.repeat(1e6),
      '""'.repeat(5e5) + "x",
      ",".repeat(1e6),
      '",'.repeat(5e5),
      "\r".repeat(1e6),
    ]
  ) {
    const start = performance.now();
    try {
      fields(text);
    } catch (thrown) {
      if (!(thrown instanceof SyntaxError)) throw thrown;
    }
    if (performance.now() - start > 5000) throw new Error(`too slow on ${text.slice(0, 4)}...`);
  }
});
