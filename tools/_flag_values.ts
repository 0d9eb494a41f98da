/**
 * The kinds of command line flags: how each is read from text, and what its value's type is.
 *
 * @module
 */

interface FlagBase {
  /** What it does, with its unit; a line of `--help`. */
  help: string;
  /** Heading under which `--help` lists it. @default {"Flags"} */
  group?: string;
  /** Refuse to run without it. */
  required?: true;
}

/** A whole number within bounds; hexadecimal as `0x10` too. */
export interface IntFlag extends FlagBase {
  type: "int";
  default?: number;
  min?: number;
  max?: number;
}

/** A finite number within bounds. */
export interface FloatFlag extends FlagBase {
  type: "float";
  default?: number;
  min?: number;
  max?: number;
}

/** Any text; "path" only differs in what `--help` shows. */
export interface TextFlag extends FlagBase {
  type: "string" | "path";
  default?: string;
}

/** `--flag`, `--noflag`, `--flag=true`, `--flag=0`; false unless a default says otherwise. */
export interface BooleanFlag extends FlagBase {
  type: "boolean";
  default?: boolean;
}

/** One of several words. */
export interface ChoiceFlag extends FlagBase {
  type: "choice";
  choices: readonly string[];
  default?: string;
}

/** Words separated by commas; any, or those of a list. */
export interface ListFlag extends FlagBase {
  type: "list";
  choices?: readonly string[];
  default?: readonly string[];
}

/**
 * A flag of TF-Slim that means nothing here; its help says what to use instead. Whoever gives it is told so once, and the
 * run goes on. It has no value.
 */
export interface RetiredFlag extends FlagBase {
  type: "retired";
  /** The value that asks for nothing, "false" where the flag is a switch; any other is refused. Left out: none is. */
  neutral?: string;
  required?: never;
  default?: never;
}

/** What one flag is. */
export type Flag = IntFlag | FloatFlag | TextFlag | BooleanFlag | ChoiceFlag | ListFlag | RetiredFlag;

/** All flags of a tool, by their names in TF-Slim's spelling. */
export type FlagSpec = Readonly<Record<string, Flag>>;

type ValueOf<F extends Flag> = F extends ChoiceFlag ? F["choices"][number]
  : F extends ListFlag ? readonly string[]
  : F extends TextFlag ? string
  : F extends BooleanFlag ? boolean
  : number;

/** Values by name; undefined where a flag has no default, is not required and was not given. */
export type FlagValues<S extends FlagSpec> = {
  readonly [K in keyof S as S[K] extends RetiredFlag ? never : K]: S[K] extends
    { required: true } | { type: "boolean" } ? ValueOf<S[K]>
    : S[K] extends { default: unknown } ? ValueOf<S[K]>
    : ValueOf<S[K]> | undefined;
};

const truths: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["t", true],
  ["1", true],
  ["yes", true],
  ["false", false],
  ["f", false],
  ["0", false],
  ["no", false],
]);

/** Whether a flag can stand without a value and be negated. */
export function isSwitch(flag: Flag): boolean {
  return flag.type === "boolean" || (flag.type === "retired" && flag.neutral === "false");
}

/** What a flag accepts, for messages: "an integer from 1", "one of sgd, adam". */
export function acceptedBy(flag: Flag): string {
  switch (flag.type) {
    case "int":
      return `an integer${bounds(flag)}`;
    case "float":
      return `a number${bounds(flag)}`;
    case "boolean":
      return "true or false";
    case "choice":
      return `one of ${flag.choices.join(", ")}`;
    case "list":
      return `words separated by commas${flag.choices ? ` out of ${flag.choices.join(", ")}` : ""}`;
    case "retired":
      return flag.neutral === undefined ? "any value" : `"${flag.neutral}" only`;
    default:
      return flag.type === "path" ? "a path" : "text";
  }
}

function bounds({ min, max }: IntFlag | FloatFlag): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` from ${min}`;
  return max === undefined ? "" : ` up to ${max}`;
}

/** The value that a text stands for, or undefined where the flag does not accept it. */
export function readValue(flag: Flag, text: string): unknown {
  switch (flag.type) {
    case "int": {
      const isInteger = /^[+-]?(\d+|0x[\da-f]+)$/i.test(text);
      return isInteger
        ? within(flag, Number(text.replace(/^[+-]/, "")) * (text[0] === "-" ? -1 : 1))
        : undefined;
    }
    case "float":
      return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? within(flag, Number(text)) : undefined;
    case "boolean":
      return truths.get(text.toLowerCase());
    case "choice":
      return flag.choices.includes(text) ? text : undefined;
    case "list": {
      const words = text.split(",").map((word) => word.trim()).filter((word) => word !== "");
      return words.every((word) => flag.choices?.includes(word) ?? true) ? words : undefined;
    }
    case "retired": {
      const value = isSwitch(flag) ? String(truths.get(text.toLowerCase())) : text;
      return flag.neutral === undefined || value === flag.neutral ? value : undefined;
    }
    default:
      return flag.type === "path" && text === "" ? undefined : text;
  }
}

function within(flag: IntFlag | FloatFlag, value: number): number | undefined {
  const isExact = flag.type === "float" ? Number.isFinite(value) : Number.isSafeInteger(value);
  const { min = -Infinity, max = Infinity } = flag;
  return isExact && value >= min && value <= max ? value + 0 : undefined;
}
