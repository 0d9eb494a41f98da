/**
 * Decoders of JPEG from npm, beside ours.
 *
 * @module
 */
import { decodeJpeg } from "../formats/jpeg.ts";

/** Decodes a JPEG into rows of pixels of 3 or 4 values. */
export type Decode = (file: Uint8Array) => ArrayLike<number>;

/** A decoder to compare with. */
export interface Decoder {
  readonly name: string;
  /** What it is made of. */
  readonly about: string;
  readonly licence: string;
  load(): Promise<Decode>;
}

/** Files of a package, as they lie in Deno's cache. */
const fileOf = (module: string, path: string) => Deno.readFile(new URL(path, import.meta.resolve(module)));

// What is used of the packages is written down here, so that checking types downloads nothing.

interface JpegJs {
  default: {
    decode(file: Uint8Array, options: { useTArray: true; formatAsRGBA: false }): { data: Uint8Array };
  };
}

async function loadJpegJs(): Promise<Decode> {
  const address = "jpeg-js", { default: jpeg }: JpegJs = await import(address);
  return (file) => jpeg.decode(file, { useTArray: true, formatAsRGBA: false }).data;
}

interface Mozjpeg {
  default(options: { wasmBinary: Uint8Array; noInitialRun: true }): Promise<{
    decode(file: Uint8Array, keepsOrientation: boolean): { data: Uint8ClampedArray };
  }>;
}

async function loadMozjpeg(): Promise<Decode> {
  const address = "@jsquash/jpeg/codec/dec/mozjpeg_dec.js",
    { default: create }: Mozjpeg = await import(address);
  const { decode } = await create({
    wasmBinary: await fileOf(address, "mozjpeg_dec.wasm"),
    noInitialRun: true,
  });
  return (file) => decode(file, false).data;
}

interface Cornerstone {
  default(options: { wasmBinary: Uint8Array }): Promise<{
    JPEGDecoder: new () => {
      getEncodedBuffer(size: number): Uint8Array;
      decode(): void;
      getDecodedBuffer(): Uint8Array;
      delete(): void;
    };
  }>;
}

async function loadCornerstone(): Promise<Decode> {
  const address = "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs";
  const { default: create }: Cornerstone = await import(address);
  const { JPEGDecoder } = await create({ wasmBinary: await fileOf(address, "libjpegturbowasm_decode.wasm") });
  return (file) => {
    const decoder = new JPEGDecoder();
    decoder.getEncodedBuffer(file.length).set(file);
    decoder.decode();
    const pixels = decoder.getDecodedBuffer().slice();
    decoder.delete();
    return pixels;
  };
}

/** TurboJPEG's flag for the fast integer transform; its own default is the accurate one. */
const FAST_DCT = 2048;

/** The package's own function takes no flags, so this one calls the library in it. */
async function loadTurbo(): Promise<Decode> {
  const wasm = await WebAssembly.compile(await fileOf("@cwasm/jpeg-turbo", "jpeg-turbo.wasm"));
  const failing = () => {
    throw new Error("the library failed");
  };
  const zero = () => 0;
  const { exports } = await WebAssembly.instantiate(wasm, {
    env: { setjmp: zero, longjmp: failing },
    wasi_snapshot_preview1: {
      environ_sizes_get: zero,
      environ_get: zero,
      fd_close: zero,
      fd_seek: zero,
      fd_write: zero,
      proc_exit: failing,
    },
  });
  const { malloc, free, memory, tjInitDecompress, tjDecompressHeader3, tjDecompress2, tjDestroy } = exports as
    & Record<string, (...values: number[]) => number>
    & { memory: WebAssembly.Memory };
  return (file) => {
    const input = malloc(file.length), sizes = malloc(16), decoder = tjInitDecompress();
    new Uint8Array(memory.buffer, input).set(file);
    tjDecompressHeader3(decoder, input, file.length, sizes, sizes + 4, sizes + 8, sizes + 12);
    const [width, height] = new Uint32Array(memory.buffer, sizes, 2), size = 3 * width * height;
    const output = malloc(size),
      failed = tjDecompress2(decoder, input, file.length, output, width, 0, height, 0, FAST_DCT);
    const pixels = new Uint8Array(memory.buffer, output, size).slice();
    tjDestroy(decoder);
    for (const pointer of [input, sizes, output]) free(pointer);
    if (failed) throw new Error("the library could not decode it");
    return pixels;
  };
}

/** Ours first. */
export const decoders: readonly Decoder[] = [
  {
    name: "ours",
    about: "TypeScript",
    licence: "Apache-2.0",
    load: () => Promise.resolve((file) => decodeJpeg(file, { channels: 3 }).data),
  },
  {
    name: "jpeg-js",
    about: "JavaScript",
    licence: "BSD-3-Clause",
    load: loadJpegJs,
  },
  { name: "@jsquash/jpeg", about: "MozJPEG in WASM, 166 kB", licence: "Apache-2.0", load: loadMozjpeg },
  {
    name: "@cornerstonejs/codec-libjpeg-turbo-8bit",
    about: "libjpeg-turbo in WASM, 299 kB",
    licence: "ISC",
    load: loadCornerstone,
  },
  {
    name: "@cwasm/jpeg-turbo",
    about: "libjpeg-turbo in WASM, 139 kB, with the fast transform",
    licence: "MIT",
    load: loadTurbo,
  },
];
