/**
 * Progress on the terminal: one line that is rewritten, or plain lines now and then where nobody watches.
 *
 * @module
 */

/** Writes progress to standard error and keeps other lines apart from it. */
export class ProgressLine {
  readonly #live: boolean = Deno.stderr.isTerminal();
  #shown = "";
  #lastPlain = performance.now();

  /** Replaces the line. Without a terminal it is printed if it is `important`, or at most every ten seconds. */
  update(text: string, important = false): void {
    if (this.#live) {
      Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
      this.#shown = text;
    } else if (important || performance.now() - this.#lastPlain >= 10_000) {
      this.#lastPlain = performance.now();
      console.error(text);
    }
  }

  /** Prints a line that stays. */
  print(text: string): void {
    this.end(false);
    console.error(text);
  }

  /** Ends the rewritten line; it stays on the screen if `keep`. */
  end(keep = true): void {
    if (this.#shown) Deno.stderr.writeSync(new TextEncoder().encode(keep ? "\n" : "\r\x1b[K"));
    this.#shown = "";
  }
}

/** Seconds as "1:05" or "2:00:09". */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const s = Math.round(seconds), [h, m] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}
