/**
 * Errors that say what became of a file, so that callers can tell damage from absence.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Where in a file something was wrong; every part is optional. */
export interface Place {
  /** The file. */
  path?: string;
  /** Byte offset in the file (after decompression, if it is compressed). */
  offset?: number;
  /** Number of the record, counted from 0. */
  record?: number;
}

/** Bytes were lost or changed: a checksum that does not match, a file cut short, an impossible length. */
export class DataLossError extends Error {
  override readonly name = "DataLossError";
  /** The damaged file, if known. */
  readonly path?: string;
  /** Byte offset of the damage, if known. */
  readonly offset?: number;
  /** Number of the damaged record, counted from 0, if it is one. */
  readonly record?: number;

  constructor(message: string, place: Place = {}, options?: ErrorOptions) {
    super(message, options);
    this.path = place.path;
    this.offset = place.offset;
    this.record = place.record;
  }
}

/** There is no such file, or no such tensor in a checkpoint. */
export class NotFoundError extends Error {
  override readonly name = "NotFoundError";
  /** The missing file, or the checkpoint that lacks the tensor. */
  readonly path?: string;

  constructor(message: string, path?: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

/** The text of anything thrown, for use inside another message. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The first names of a list, and how many more there are, for use inside a message. */
export function firstOf(names: readonly string[], most: number): string {
  const rest = names.length - most;
  return names.slice(0, most).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
