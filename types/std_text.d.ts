/** The piece of `@std/text` that this project uses; the npm copy carries no types. */
export function closestString(givenWord: string, possibleWords: readonly string[]): string;
