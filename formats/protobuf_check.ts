/**
 * Checks the bytes of a protocol buffer message before they are decoded: lengths, nesting, types, counts.
 *
 * The decoder of `@bufbuild/protobuf` says neither where it failed nor bounds what it allocates, so a walk over the tags
 * does both. It takes a twentieth of the decoding.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type DescField, type DescMessage, ScalarType } from "npm:@bufbuild/protobuf@2.17.0";
import { WireType } from "npm:@bufbuild/protobuf@2.17.0/wire";
import { DataLossError } from "./errors.ts";

/** What a message may hold at most; each bounds the memory of the decoded message. */
export interface MessageLimits {
  /** Messages inside one another. */
  depth: number;
  /** Messages or strings in one list. */
  listItems: number;
  /** Messages, map entries, texts and byte strings in lists, and unknown fields in all: whatever takes an object. */
  messages: number;
  /** Integers in lists in all, since each takes up to 32 times its bytes. */
  integers: number;
}

/** Limits that no image classifier's graph comes near. */
export const defaultLimits: MessageLimits = {
  depth: 64,
  listItems: 1 << 17,
  messages: 1 << 20,
  integers: 1 << 24,
};

/**
 * Checks that bytes are a message of this kind.
 *
 * @throws {DataLossError} naming the field and the byte where they are not, or where a limit is passed
 */
export function checkMessage(
  schema: DescMessage,
  bytes: Uint8Array,
  limits: MessageLimits = defaultLimits,
): void {
  new Walk(bytes, limits).message(schema, bytes.length, 0);
}

/** How a field must be encoded. */
interface Rule {
  readonly name: string;
  readonly wire: WireType;
  /** Its messages' kind, if it holds messages. */
  readonly message?: DescMessage;
  /** What its map holds: the rules of an entry's key and value. */
  readonly entry?: ReadonlyMap<number, Rule>;
  /** Several values may lie in one field. */
  readonly packs: boolean;
  readonly isList: boolean;
  readonly isText: boolean;
}

const wireNames = [
  "a varint",
  "8 bytes",
  "a length",
  "the start of a group",
  "the end of a group",
  "4 bytes",
];

class Walk {
  readonly #bytes: Uint8Array;
  readonly #limits: MessageLimits;
  /** The fields that the walk is in, from outside, each with its place in its list. */
  readonly #trail: { name: string; index: number }[] = [];
  #at = 0;
  #messages = 0;
  #integers = 0;

  constructor(bytes: Uint8Array, limits: MessageLimits) {
    this.#bytes = bytes;
    this.#limits = limits;
  }

  message(schema: DescMessage, end: number, depth: number): void {
    this.#fields(rulesOf(schema), end, depth);
  }

  #countMessage(): void {
    if (++this.#messages <= this.#limits.messages) return;
    this.#fail(`there are more than ${this.#limits.messages} messages, strings in lists and unknown fields`);
  }

  #fields(rules: ReadonlyMap<number, Rule>, end: number, depth: number): void {
    if (depth > this.#limits.depth) {
      this.#fail(`messages lie in one another more than ${this.#limits.depth} deep`);
    }
    this.#countMessage();
    const here = { name: "", index: 0 }, counts = new Map<Rule, number>();
    this.#trail.push(here);
    while (this.#at < end) {
      const start = this.#at, tag = this.#varint(end), number = tag >>> 3, wire = tag & 7;
      const rule = rules.get(number);
      here.name = rule?.name ?? `field ${number}`;
      here.index = -1;
      if (number === 0 || wire > 5 || wire === 4) this.#fail("there is no such field", start);
      if (rule === undefined) {
        this.#countMessage();
        this.#skip(wire, number, end, depth);
        continue;
      }
      if (rule.isList || rule.entry) {
        here.index = counts.get(rule) ?? 0;
        counts.set(rule, here.index + 1);
        if (!rule.packs && here.index >= this.#limits.listItems) {
          this.#fail(`the list has more than ${this.#limits.listItems} items`, start);
        }
      }
      if (wire === rule.wire) this.#value(rule, end, depth);
      else if (rule.packs && wire === WireType.LengthDelimited) this.#packed(rule, this.#length(end));
      else {
        this.#fail(`it is encoded as ${wireNames[wire]} where ${wireNames[rule.wire]} is expected`, start);
      }
    }
    this.#trail.pop();
  }

  #value(rule: Rule, end: number, depth: number): void {
    if (rule.wire !== WireType.LengthDelimited) {
      if (rule.packs && rule.wire === WireType.Varint) this.#countIntegers(1);
      this.#skip(rule.wire, 0, end, depth);
      return;
    }
    const inner = this.#length(end);
    if (rule.isList && !rule.message) this.#countMessage();
    if (rule.message) this.message(rule.message, inner, depth + 1);
    else if (rule.entry) this.#fields(rule.entry, inner, depth + 1);
    else if (rule.isText) this.#text(inner);
    this.#at = inner;
  }

  #packed(rule: Rule, end: number): void {
    const width = rule.wire === WireType.Varint ? 1 : rule.wire === WireType.Bit32 ? 4 : 8;
    if ((end - this.#at) % width !== 0) this.#fail(`its length is no multiple of ${width}`);
    if (width === 1) {
      let count = 0;
      for (let at = this.#at; at < end; at++) if (this.#bytes[at] < 0x80) count++;
      this.#countIntegers(count);
      if (this.#at < end && this.#bytes[end - 1] >= 0x80) this.#fail("its last number is cut");
    }
    this.#at = end;
  }

  #countIntegers(count: number): void {
    this.#integers += count;
    if (this.#integers > this.#limits.integers) {
      this.#fail(`there are more than ${this.#limits.integers} integers in lists`);
    }
  }

  /** Text is UTF-8; nearly all of it is ASCII, which needs no decoder. */
  #text(end: number): void {
    let at = this.#at;
    while (at < end && this.#bytes[at] < 0x80) at++;
    if (at === end) return;
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(this.#bytes.subarray(this.#at, end));
    } catch {
      this.#fail("the text is not UTF-8");
    }
  }

  #skip(wire: WireType, number: number, end: number, depth: number): void {
    const start = this.#at;
    if (wire === WireType.Varint) this.#longVarint(end);
    else if (wire === WireType.LengthDelimited) this.#at = this.#length(end);
    else if (wire === WireType.StartGroup) this.#group(number, end, depth + 1);
    else this.#at += wire === WireType.Bit64 ? 8 : 4;
    if (this.#at > end) this.#fail("it is cut", start);
  }

  /** Passes over an unknown group; its end has the same number. */
  #group(number: number, end: number, depth: number): void {
    if (depth > this.#limits.depth) {
      this.#fail(`groups lie in one another more than ${this.#limits.depth} deep`);
    }
    while (true) {
      const tag = this.#varint(end);
      if ((tag & 7) === WireType.EndGroup && tag >>> 3 === number) return;
      if ((tag & 7) > 5 || (tag & 7) === WireType.EndGroup) this.#fail("a group has no end");
      this.#skip(tag & 7, tag >>> 3, end, depth);
    }
  }

  /** Reads a length; gives the position behind as many bytes. */
  #length(end: number): number {
    const start = this.#at, length = this.#varint(end);
    if (length > end - this.#at) {
      this.#fail(`${length} bytes are announced where ${end - this.#at} are left`, start);
    }
    return this.#at + length;
  }

  #varint(end: number): number {
    const start = this.#at;
    for (let shift = 0, value = 0; shift < 35 && this.#at < end; shift += 7) {
      const byte = this.#bytes[this.#at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value < 2 ** 32 ? value : this.#fail("a number is too large", start);
    }
    return this.#fail(this.#at < end ? "a number is too long" : "the bytes end within a number", start);
  }

  #longVarint(end: number): void {
    const start = this.#at;
    while (this.#at < end && this.#at < start + 10) if (this.#bytes[this.#at++] < 0x80) return;
    this.#fail(this.#at < end ? "a number is too long" : "the bytes end within a number", start);
  }

  #fail(what: string, offset = this.#at): never {
    const trail = this.#trail.filter(({ name }) => name !== "");
    const field = trail.map(({ name, index }) => index < 0 ? name : `${name}[${index}]`).join(".");
    const where = `at byte ${offset}${field === "" ? "" : ` in ${field}`}`;
    throw new DataLossError(`${where}: ${what}`, { offset });
  }
}

const rulesBySchema = new WeakMap<DescMessage, ReadonlyMap<number, Rule>>();

function rulesOf(schema: DescMessage): ReadonlyMap<number, Rule> {
  let rules = rulesBySchema.get(schema);
  if (rules === undefined) {
    rules = new Map(schema.fields.map((field) => [field.number, ruleOf(field)]));
    rulesBySchema.set(schema, rules);
  }
  return rules;
}

function ruleOf(field: DescField): Rule {
  const isList = field.fieldKind === "list", { name, scalar } = field;
  const base = { name, isList, packs: false, isText: false };
  if (field.fieldKind === "map") {
    const key = scalarRule("key", field.mapKey);
    const value = field.mapKind === "message"
      ? { ...base, name: "value", wire: WireType.LengthDelimited, message: field.message }
      : scalarRule("value", field.mapKind === "enum" ? ScalarType.INT32 : field.scalar);
    return { ...base, wire: WireType.LengthDelimited, entry: new Map([[1, key], [2, value]]) };
  }
  if (field.message) return { ...base, wire: WireType.LengthDelimited, message: field.message };
  const rule = { ...scalarRule(name, scalar ?? ScalarType.INT32), isList };
  return { ...rule, packs: isList && rule.wire !== WireType.LengthDelimited };
}

function scalarRule(name: string, scalar: ScalarType): Rule {
  const isText = scalar === ScalarType.STRING;
  return { name, wire: wireOf(scalar), isList: false, packs: false, isText };
}

function wireOf(scalar: ScalarType): WireType {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    default:
      return WireType.Varint;
  }
}
