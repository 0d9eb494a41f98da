/**
 * JSON in which no object names a field twice; `JSON.parse` takes the last one and says nothing.
 *
 * This module is browser compatible.
 *
 * @module
 */

/**
 * Parses JSON.
 *
 * @throws {SyntaxError} if the text is no JSON, or an object has two fields of one name
 */
export function parseStrictJson(text: string): unknown {
  const value = JSON.parse(text);
  // What follows holds for valid JSON only: outside of strings, braces nest, and a string before a colon is a name.
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g;
  const open: Set<string>[] = [];
  for (const [part, colon] of text.matchAll(token)) {
    if (part === "{") open.push(new Set());
    else if (part === "}") open.pop();
    else if (colon !== undefined) {
      const name = JSON.parse(part.slice(0, -colon.length));
      const names = open.at(-1)!;
      if (names.has(name)) throw new SyntaxError(`${JSON.stringify(name)} is there twice`);
      names.add(name);
    }
  }
  return value;
}
