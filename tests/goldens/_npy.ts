/** NumPy's array files, format 1.0: what reference data of pictures comes in. */

/** An array in C order. */
export interface NumpyArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array;
}

/** Reads an array of float32 or uint8, gzipped where the name says so. */
export async function readNpy(path: string): Promise<NumpyArray> {
  const { readable } = await Deno.open(path);
  const stream = path.endsWith(".gz") ? readable.pipeThrough(new DecompressionStream("gzip")) : readable;
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const length = new DataView(bytes.buffer).getUint16(8, true);
  const header = new TextDecoder().decode(bytes.subarray(10, 10 + length));
  const [, type] = /'descr': '[<|](\w+)'/.exec(header) ?? [];
  const [, dims] = /'shape': \(([^)]*)\)/.exec(header) ?? [];
  if (dims === undefined || !["f4", "u1"].includes(type) || !header.includes("'fortran_order': False")) {
    throw new TypeError(
      `Cannot read ${path}: only float32 and uint8 in C order are known, this is ${header}`,
    );
  }
  const shape = dims.split(",").map((d) => d.trim()).filter((d) => d).map(Number);
  const data = bytes.slice(10 + length);
  return { shape, data: type === "f4" ? new Float32Array(data.buffer) : data };
}
