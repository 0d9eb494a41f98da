/**
 * What a kernel is: WGSL text, a `Params` struct read from that text, and launches.
 *
 * Nothing here touches a device. A kernel file's planning functions are pure: shapes in, launches out.
 * This module is browser compatible.
 *
 * @module
 */

/** One kernel: a WGSL module with entry point `main`, uniform `Params` at binding 0, buffers from binding 1. */
export interface Kernel {
  /** Name shown in errors, profiles and labels; unique for a given text. */
  readonly name: string;
  /** WGSL text. */
  readonly code: string;
  /** Bindings, counted from 1, whose buffers are read as textures; see texture.ts. */
  readonly textures: readonly number[];
  /** Size of `struct Params` in bytes. */
  readonly paramsSize: number;
  /** Packs values into the bytes of `struct Params`. Throws a TypeError if a field is missing or unknown. */
  pack(values: ParamValues): ArrayBuffer;
}

/** Values of the fields of a `Params` struct; vectors are arrays. Integers are taken modulo 2^32. */
export type ParamValues = Readonly<Record<string, number | readonly number[]>>;

/** A kernel and how it is called. */
export interface KernelCall {
  readonly kernel: Kernel;
  readonly params: ParamValues;
  /** Number of workgroups in x, y, z. */
  readonly workgroups: readonly [number, number, number];
}

/** A matrix whose rows are no whole vec4, and the same with zeros at the ends of rows. */
export interface Fours<T> {
  readonly narrow: T;
  readonly wide: T;
  /** Of `narrow`. */
  readonly columns: number;
}

/** One dispatch. `T` stands for whatever the caller uses to name a buffer. */
export interface Launch<T> extends KernelCall {
  /** Buffers for bindings 1, 2, ... in order. */
  readonly buffers: readonly T[];
  /** Indices in `buffers` of those that are written. All others are only read. */
  readonly writes: readonly number[];
  /** Indices of those that are neither read nor written: they stand where the kernel needs a binding and nothing else. */
  readonly unused?: readonly number[];
  /** What it copies, where that is the one from the other. */
  readonly fours?: Fours<T>;
  /** Computes the same bits from the same buffers, more slowly, by a kernel that compiles in a fraction of the time. */
  readonly stopgap?: KernelCall;
  /** Estimated work in floating point operations, for slicing submissions and for profiles. */
  readonly work: number;
}

interface Field {
  name: string;
  type: string;
  offset: number;
  count: number;
}

const SIZES: Record<string, [align: number, count: number]> = {
  u32: [4, 1],
  i32: [4, 1],
  f32: [4, 1],
  vec2u: [8, 2],
  vec2i: [8, 2],
  vec2f: [8, 2],
  vec3u: [16, 3],
  vec3i: [16, 3],
  vec3f: [16, 3],
  vec4u: [16, 4],
  vec4i: [16, 4],
  vec4f: [16, 4],
};

function parseStruct(name: string, code: string, struct: string): { fields: Field[]; size: number } {
  const pattern = new RegExp(`struct\\s+${struct}\\s*\\{([^}]*)\\}`);
  const body = pattern.exec(code.replace(/\/\/.*$/gm, ""))?.[1];
  if (body === undefined) throw new SyntaxError(`Cannot define kernel ${name}: it has no struct ${struct}`);
  let offset = 0, structAlign = 4;
  const fields = body.split(",").map((s) => s.trim()).filter((s) => s).map((s) => {
    const [field, type] = s.split(":").map((t) => t.trim());
    const layout = SIZES[type];
    if (!layout) {
      throw new SyntaxError(`Cannot define kernel ${name}: ${struct}.${field} has unknown type ${type}`);
    }
    const [align, count] = layout;
    offset = Math.ceil(offset / align) * align;
    structAlign = Math.max(structAlign, align);
    const result = { name: field, type, offset, count };
    offset += 4 * count;
    return result;
  });
  return { fields, size: Math.ceil(offset / structAlign) * structAlign };
}

/** A struct of some WGSL text: its size in bytes, and values to bytes. */
export type Struct = Pick<Kernel, "paramsSize" | "pack">;

/** Reads a struct of numbers and vectors from WGSL text; `name` is that of the kernel, for messages. */
export function defineStruct(name: string, code: string, struct: string): Struct {
  const { fields, size } = parseStruct(name, code, struct);
  const known = new Set(fields.map((f) => f.name)), what = struct === "Params" ? "parameters" : struct;
  return {
    paramsSize: size,
    pack(values) {
      const bytes = new ArrayBuffer(size), view = new DataView(bytes);
      for (const key of Object.keys(values)) {
        if (!known.has(key)) throw new TypeError(`Cannot pack ${what} of ${name}: unknown field ${key}`);
      }
      for (const f of fields) {
        const value = values[f.name];
        const list = typeof value === "number" ? [value] : value;
        if (!list || list.length !== f.count || list.some((v) => typeof v !== "number" || Number.isNaN(v))) {
          throw new TypeError(
            `Cannot pack ${what} of ${name}: ${f.name} needs ${f.count} number(s), got ${value}`,
          );
        }
        list.forEach((v, i) => {
          if (f.type.endsWith("f32") || f.type.endsWith("f")) view.setFloat32(f.offset + 4 * i, v, true);
          else view.setUint32(f.offset + 4 * i, v >>> 0, true);
        });
      }
      return bytes;
    },
  };
}

/** Makes a kernel from WGSL text; the packing of its parameters follows the text's own `struct Params`. */
export function defineKernel(name: string, code: string): Kernel {
  const declared = code.matchAll(/@binding\((\d+)\) var \w+: texture_storage_2d/g);
  const textures = Array.from(declared, ([, binding]) => Number(binding));
  return { name, code, textures, ...defineStruct(name, code, "Params") };
}

/**
 * The text of a variant: lines that end in `//@` and a word of `marks` are left out, unless it is one of `own`.
 */
export function variant(code: string, marks: readonly string[], own: readonly string[]): string {
  const mark = new RegExp(` //@ (${marks.join("|")})$`);
  const lines = code.split("\n").filter((line) => {
    const found = mark.exec(line);
    return !found || own.includes(found[1]);
  });
  return lines.map((line) => line.replace(mark, "")).join("\n");
}

/**
 * Gives constants of a text their values, and writes out its loops that end in `//@ unroll`: on the line of the opening brace,
 * or of the whole loop. They run from 0u to a constant of `constants` or a literal. Compilers of software adapters leave such
 * loops as they are, and arrays that they index are then slow memory instead of registers.
 */
export function specialize(code: string, constants: Readonly<Record<string, number>> = {}): string {
  let text = code;
  for (const [name, value] of Object.entries(constants)) {
    text = text.replace(new RegExp(`^const ${name} = .*?;`, "m"), `const ${name} = ${value}u;`);
  }
  return unrollLoops(text.split("\n"), constants).join("\n");
}

const LOOP = /^(\s*)for \(var (\w+) = 0u; \2 < (\w+); \2\+\+\) \{(.*)\/\/@ unroll$/;

function unrollLoops(lines: readonly string[], constants: Readonly<Record<string, number>>): string[] {
  const at = lines.findIndex((line) => LOOP.test(line));
  if (at < 0) return [...lines];
  const [, indent, name, bound, rest] = LOOP.exec(lines[at])!, isOneLine = rest.trimEnd().endsWith("}");
  const end = isOneLine ? at : lines.indexOf(`${indent}}`, at);
  const body = isOneLine ? [`${indent}  ${rest.trimEnd().slice(0, -1).trim()}`] : lines.slice(at + 1, end);
  const count = constants[bound] ?? parseInt(bound);
  const copies = Array.from({ length: count }, (_, i) => {
    const copy = body.map((line) => line.replace(new RegExp(`\\b${name}\\b`, "g"), `${i}u`));
    return [`${indent}{`, ...unrollLoops(copy, constants), `${indent}}`];
  });
  return [...lines.slice(0, at), ...copies.flat(), ...unrollLoops(lines.slice(end + 1), constants)];
}

/** WebGPU's guaranteed number of workgroups in one dimension. */
export const MAX_WORKGROUPS = 65_535;

/**
 * Spreads a number of workgroups over x and y, since one dimension holds at most 65,535. A kernel finds its linear
 * index as `workgroup_id.x + workgroup_id.y * num_workgroups.x` and must ignore indices past the end.
 */
export function spread(workgroups: number): [number, number, number] {
  if (workgroups <= MAX_WORKGROUPS) return [Math.max(1, workgroups), 1, 1];
  const y = Math.ceil(workgroups / MAX_WORKGROUPS);
  return [Math.ceil(workgroups / y), y, 1];
}

/** Vec4 that hold `count` elements. */
export function quarters(count: number): number {
  return Math.ceil(count / 4);
}

/** Product of a shape's dimensions. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
