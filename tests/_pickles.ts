/** Pickles for tests. */

/** Bytes of a pickle: texts by their Latin-1 characters, numbers as bytes. */
export function pickle(...parts: (string | number)[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => {
    return typeof part === "number" ? [part] : Array.from(part, (character) => character.charCodeAt(0));
  }));
}

/** `numpy.array(..., dtype="u1")` as Python 2 pickled it, with memo numbers: the form of the published CIFAR-10. */
export const array = (rows: number, columns: number, data: string): string =>
  "cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85U\x01b\x87Rq\x09(K\x01" +
  `K${String.fromCharCode(rows)}K${
    String.fromCharCode(columns)
  }\x86cnumpy\ndtype\nq\x0aU\x02u1K\x00K\x01\x87Rq\x0b(K\x03` +
  `U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U${String.fromCharCode(data.length)}${data}tb`;
