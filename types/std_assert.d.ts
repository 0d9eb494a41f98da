/** Types of the parts of `@std/assert` that the tests use; its npm package carries none. */

export class AssertionError extends Error {}

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

export function assert(expression: unknown, message?: string): asserts expression;
export function assertFalse(expression: unknown, message?: string): asserts expression is false;
export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T>;
export function assertEquals<T>(actual: T, expected: T, message?: string): void;
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void;
export function assertStrictEquals<T>(actual: unknown, expected: T, message?: string): asserts actual is T;
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  message?: string,
): void;
export function assertGreater<T>(actual: T, expected: T, message?: string): void;
export function assertGreaterOrEqual<T>(actual: T, expected: T, message?: string): void;
export function assertLess<T>(actual: T, expected: T, message?: string): void;
export function assertLessOrEqual<T>(actual: T, expected: T, message?: string): void;
export function assertMatch(actual: string, expected: RegExp, message?: string): void;
export function assertStringIncludes(actual: string, expected: string, message?: string): void;
export function assertArrayIncludes<T>(
  actual: ArrayLike<T>,
  expected: ArrayLike<T>,
  message?: string,
): void;
export function assertObjectMatch(actual: object, expected: object, message?: string): void;
// deno-lint-ignore no-explicit-any
export function assertInstanceOf<C extends abstract new (...args: any[]) => any>(
  actual: unknown,
  expected: C,
  message?: string,
): asserts actual is InstanceType<C>;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass: ErrorClass<E>,
  messageIncludes?: string,
  message?: string,
): E;
export function assertThrows(fn: () => unknown, message?: string): unknown;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass: ErrorClass<E>,
  messageIncludes?: string,
  message?: string,
): Promise<E>;
export function assertRejects(fn: () => PromiseLike<unknown>, message?: string): Promise<unknown>;
export function fail(message?: string): never;
