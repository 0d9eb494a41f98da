/**
 * Float16 storage: kernels compute in float32 and hold chosen buffers as float16, at half the memory and half the traffic.
 *
 * A kernel is written once, for float32. Here its text is rewritten for buffers that hold float16: every read of one becomes
 * a conversion to float32, every write a conversion to float16, which rounds to the nearest and gives infinity above 65504.
 * Textures convert by themselves.
 *
 * This module is browser compatible.
 *
 * @module
 */
import { defineKernel, type Kernel } from "./kernel.ts";

/** Float16 types by the float32 types that they stand for. */
const HALVES: Readonly<Record<string, string>> = { f32: "f16", vec2f: "vec2h", vec4f: "vec4h" };

/** How the elements of a buffer are called in computations, and where they lie. */
interface Storage {
  readonly full: string;
  readonly half: string;
}

const variants = new WeakMap<Kernel, Map<string, Kernel>>();

/** The kernel with float16 in the buffers of some bindings, counted from 1. Needs the feature shader-f16. */
export function withHalfStorage(kernel: Kernel, bindings: readonly number[]): Kernel {
  if (bindings.length === 0) return kernel;
  const known = variants.get(kernel) ?? new Map<string, Kernel>(), key = bindings.join("_");
  variants.set(kernel, known);
  let variant = known.get(key);
  if (!variant) {
    known.set(key, variant = defineKernel(`${kernel.name}_f16_${key}`, rewrite(kernel, bindings)));
  }
  return variant;
}

function rewrite({ name, code }: Kernel, bindings: readonly number[]): string {
  const plain = code.replace(/\/\/.*$/gm, ""), storages = new Map<string, Storage>();
  const aliases = new Map(
    Array.from(plain.matchAll(/alias (\w+) = (\w+);/g), ([, name, type]) => [name, type]),
  );
  const declaration = /@binding\((\d+)\) var<storage, (read|read_write)> (\w+): array<(\w+)>;/g;
  const declared = plain.replace(declaration, (all, binding, access, buffer, type) => {
    if (!bindings.includes(Number(binding))) return all;
    const half = HALVES[aliases.get(type) ?? type];
    if (!half) throw new TypeError(`Cannot store ${buffer} of ${name} as float16: it holds ${type}`);
    storages.set(buffer, { full: type, half });
    return `@binding(${binding}) var<storage, ${access}> ${buffer}: array<${half}>;`;
  });
  const image = /@binding\((\d+)\) var \w+: texture_storage_2d<rgba32float, read>;/g;
  let textures = 0;
  const text = declared.replace(image, (all, binding) => {
    if (!bindings.includes(Number(binding))) return all;
    textures++;
    return all.replace("rgba32float", "rgba16float"); // read as float32 all the same
  });
  if (storages.size + textures !== bindings.length) {
    throw new RangeError(
      `Cannot store bindings ${bindings.join(", ")} of ${name} as float16: it lacks some of them`,
    );
  }
  return `enable f16;\n${convert(text, storages)}`;
}

/** The text with conversions around each access to one of the buffers. */
function convert(text: string, storages: ReadonlyMap<string, Storage>): string {
  if (storages.size === 0) return text;
  const access = new RegExp(`(?<![.\\w])(${[...storages.keys()].join("|")})\\[`, "g");
  let result = "", at = 0;
  for (let match = access.exec(text); match; match = access.exec(text)) {
    const [opening, buffer] = match, { full, half } = storages.get(buffer)!;
    const first = match.index + opening.length, last = closing(text, first);
    const element = `${buffer}[${convert(text.slice(first, last), storages)}]`;
    result += text.slice(at, match.index);
    const [assignment, operator] = /^\s*([-+*/]?)=(?!=)/.exec(text.slice(last + 1)) ?? [];
    if (assignment === undefined) {
      result += `${full}(${element})`;
      at = last + 1;
    } else {
      const value = last + 1 + assignment.length, end = text.indexOf(";", value);
      const old = operator ? `${full}(${element}) ${operator} ` : "";
      result += `${element} = ${half}(${old}(${convert(text.slice(value, end).trim(), storages)}))`;
      at = end;
    }
    access.lastIndex = at;
  }
  return result + text.slice(at);
}

/** Where the bracket ends that opens before `first`. */
function closing(text: string, first: number): number {
  let depth = 1, at = first;
  for (; depth > 0; at++) depth += text[at] === "[" ? 1 : text[at] === "]" ? -1 : 0;
  return at - 1;
}
