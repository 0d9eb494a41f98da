/**
 * Command line flags as data: typed values, messages that help, and `--help`.
 *
 * Spelled as TF-Slim's: `--batch_size=32`, `--batch_size 32`, `--batch-size=32`, `--clip`, `--noclip`, `--clip=false`.
 * Unlike TensorFlow's parser, an unknown flag is an error. `@std/cli` knows no numbers, no unknown flags and no `--noflag`.
 *
 * @module
 */
// @ts-types="../types/std_text.d.ts"
import { closestString } from "npm:deno-std@1.4.0/text/closest_string.js";
import { endCompilers } from "../host/compiler.ts";
import {
  acceptedBy,
  type Flag,
  type FlagSpec,
  type FlagValues,
  isSwitch,
  readValue,
} from "./_flag_values.ts";

/** The command line asks for something that the tool does not have: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Thrown by `parse` on `--help`; the message is the help text, and {@linkcode runTool} prints it. */
export class HelpRequest extends Error {
  override readonly name = "HelpRequest";
}

/** Arguments that are no flags, such as files to read. */
export interface Positionals {
  /** As `--help` shows it, such as "IMAGE". */
  name: string;
  help: string;
  /** @default {0} */
  min?: number;
  /** @default {Infinity} */
  max?: number;
}

/** A tool's command line. */
export interface Flags<S extends FlagSpec> {
  /** @throws {UsageError} on anything not understood. @throws {HelpRequest} on `--help` */
  parse(args: readonly string[]): FlagValues<S> & { readonly _: readonly string[] };
  /** The text that `--help` prints. */
  help(): string;
}

/**
 * Describes a tool's flags.
 *
 * @example Usage
 * ```ts
 * import { defineFlags } from "./_flags.ts";
 *
 * const flags = defineFlags("Evaluates a checkpoint.", {
 *   batch_size: { type: "int", default: 100, min: 1, help: "Images per step" },
 * });
 * console.log(flags.parse(["--batch_size=32"]).batch_size + 1); // 33: it is a number
 * ```
 */
export function defineFlags<const S extends FlagSpec>(
  description: string,
  spec: S,
  positionals?: Positionals,
): Flags<S> {
  const told = new Set<string>(), help = () => helpText(description, spec, positionals);
  const tell = (note: string) => {
    if (!told.has(note)) console.error(note);
    told.add(note);
  };
  return { parse: (args) => parse(spec, positionals, args, help, tell), help };
}

function parse<S extends FlagSpec>(
  spec: S,
  positionals: Positionals | undefined,
  args: readonly string[],
  help: () => string,
  tell: (note: string) => void,
): FlagValues<S> & { readonly _: readonly string[] } {
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(spec)) {
    if (flag.type !== "retired") values[name] = flag.default ?? (flag.type === "boolean" ? false : undefined);
  }
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const argument = args[i];
    if (argument === "--") {
      rest.push(...args.slice(i + 1));
      break;
    }
    if (argument === "--help" || argument === "-h") throw new HelpRequest(help());
    if (!/^--?[a-z]/i.test(argument)) {
      rest.push(argument);
      continue;
    }
    const { name, flag, negated, text } = findFlag(spec, argument);
    let value = text;
    if (value === undefined && isSwitch(flag)) {
      value = !negated && /^(true|false)$/.test(args[i + 1] ?? "") ? args[++i] : String(!negated);
    } else if (value === undefined) {
      value = args[++i];
      if (value === undefined || value.startsWith("--")) {
        throw new UsageError(`Cannot use --${name}: it has no value; give ${acceptedBy(flag)}`);
      }
    }
    const read = readValue(flag, value);
    if (read === undefined) {
      const reason = flag.type === "retired" ? flag.help : `it takes ${acceptedBy(flag)}`;
      throw new UsageError(`Cannot use --${name}=${value}: ${reason}`);
    }
    if (flag.type === "retired") tell(`Passing over --${name}: ${flag.help}`);
    else values[name] = read;
  }
  checkPositionals(positionals, rest);
  const missing = Object.keys(spec).filter((name) => spec[name].required && values[name] === undefined);
  if (missing.length > 0) {
    const list = missing.map((name) => `--${name} (${spec[name].help})`).join(", ");
    throw new UsageError(`Cannot run without ${list}; see --help`);
  }
  return { ...values, _: rest } as FlagValues<S> & { readonly _: readonly string[] };
}

/** The flag that an argument names, in either spelling, and the text after its "=". */
function findFlag(spec: FlagSpec, argument: string) {
  const equals = argument.indexOf("=");
  const written = equals < 0 ? argument : argument.slice(0, equals);
  const text = equals < 0 ? undefined : argument.slice(equals + 1);
  const name = written.replace(/^--?/, "").replaceAll("-", "_");
  if (Object.hasOwn(spec, name)) return { name, flag: spec[name], negated: false, text };
  const positive = name.replace(/^no_?/, "");
  if (positive !== name && Object.hasOwn(spec, positive) && isSwitch(spec[positive])) {
    if (text === undefined) return { name: positive, flag: spec[positive], negated: true, text };
    throw new UsageError(`Cannot use ${argument}: --no${positive} takes no value; write --${positive}=false`);
  }
  const nearest = closestString(name, ["help", ...Object.keys(spec)]);
  throw new UsageError(`Cannot use ${written}: there is no such flag; did you mean --${nearest}?`);
}

function checkPositionals(positionals: Positionals | undefined, rest: readonly string[]): void {
  const { name = "", min = 0, max = positionals ? Infinity : 0 } = positionals ?? {};
  if (rest.length > max) {
    const rule = max === 0 ? "this tool takes flags only" : `at most ${max} ${name} can be given`;
    throw new UsageError(`Cannot use argument ${rest[max]}: ${rule}; see --help`);
  }
  if (rest.length < min) {
    throw new UsageError(`Cannot run without ${name} (${positionals?.help}); see --help`);
  }
}

/** Column at which the descriptions start. */
const helpColumn = 34;

function helpText(description: string, spec: FlagSpec, positionals: Positionals | undefined): string {
  const lines = [description, ""];
  if (positionals) lines.push(`Arguments:`, helpLine(positionals.name, positionals.help), "");
  const groups = Map.groupBy(
    Object.entries(spec),
    ([, flag]) => flag.group ?? (flag.type === "retired" ? "Known, but without a use here" : "Flags"),
  );
  for (const [group, members] of groups) {
    lines.push(
      `${group}:`,
      ...members.map(([name, flag]) => helpLine(synopsis(name, flag), describe(flag))),
      "",
    );
  }
  lines.push(helpLine("--help", "Print this text and exit"));
  return lines.join("\n");
}

function helpLine(left: string, right: string): string {
  const start = `  ${left}`;
  const gap = start.length < helpColumn ? start.padEnd(helpColumn) : `${start}\n${" ".repeat(helpColumn)}`;
  return gap + right;
}

function synopsis(name: string, flag: Flag): string {
  if (flag.type === "retired") return `--${name}`;
  return flag.type === "boolean" ? `--[no]${name}` : `--${name}=${flag.type.toUpperCase()}`;
}

/** Help, then what is accepted where that says more than the type, then the default. */
function describe(flag: Flag): string {
  const isBounded = "min" in flag || "max" in flag || "choices" in flag;
  const fallback = flag.type === "boolean" ? flag.default ?? false : flag.default;
  const notes = [
    ...(isBounded ? [acceptedBy(flag)] : []),
    ...(flag.required ? ["required"] : []),
    ...(fallback === undefined || String(fallback) === "" ? [] : [`default ${fallback}`]),
  ];
  return flag.help + (notes.length > 0 ? ` (${notes.join("; ")})` : "");
}

/** What a tool does with its arguments; it answers its exit status, or nothing for 0. */
type Main = (args: string[]) => Promise<number | void> | number | void;

/**
 * Runs a tool's `main` with this process's arguments and exits: 0 or what `main` answers, 2 for bad usage, 1 for any other
 * error. Errors are one message on stderr; `WGSLIM_DEBUG=1` adds the stack.
 */
export async function runTool(main: Main): Promise<never> {
  const status = await statusOf(main);
  await endCompilers();
  Deno.exit(status);
}

async function statusOf(main: Main): Promise<number> {
  try {
    return await main(Deno.args) ?? 0;
  } catch (error) {
    if (error instanceof HelpRequest) {
      console.log(error.message);
      return 0;
    }
    console.error(error instanceof Error && !isDebugging() ? error.message : error);
    return error instanceof UsageError ? 2 : 1;
  }
}

function isDebugging(): boolean {
  const variable = "WGSLIM_DEBUG";
  const isReadable = Deno.permissions.querySync({ name: "env", variable }).state === "granted";
  return isReadable && Deno.env.get(variable) === "1";
}
