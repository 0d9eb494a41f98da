/**
 * The name and key of an account, from the environment or, where these are not set, from the user.
 *
 * @module
 */

import { UsageError } from "./_flags.ts";

/** An account. */
export interface Credentials {
  username: string;
  accessKey: string;
}

/**
 * Reads an account's name and key from two variables, or asks for them: on a terminal, where the key is not shown, or in two
 * lines on standard input.
 *
 * @param why what the user is told before the questions
 * @throws {UsageError} if there is nobody to ask
 */
export async function obtainCredentials(prefix: string, why: string): Promise<Credentials> {
  const [user, key] = [`${prefix}_USERNAME`, `${prefix}_ACCESS_KEY`];
  const known = { username: await readVariable(user), accessKey: await readVariable(key) };
  if (!known.username || !known.accessKey) console.error(why);
  const input = new LineInput();
  const need = async (value: string | undefined, question: string, hidden: boolean, variable: string) => {
    const answer = value || await input.ask(question, hidden);
    if (answer) return answer;
    throw new UsageError(
      `Cannot download without an account: set ${user} and ${key}; ${variable} is missing`,
    );
  };
  const username = await need(known.username, "Username: ", false, user);
  return { username, accessKey: await need(known.accessKey, "Access key: ", true, key) };
}

/** The headers that show an account to a server: never over a connection that others can read. */
export function authorization({ username, accessKey }: Credentials, url: string): Record<string, string> {
  const { protocol, hostname } = new URL(url);
  const isPrivate = protocol === "https:" || ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  if (!isPrivate) return {};
  return { authorization: `Basic ${new TextEncoder().encode(`${username}:${accessKey}`).toBase64()}` };
}

async function readVariable(variable: string): Promise<string | undefined> {
  const { state } = await Deno.permissions.query({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}

const [enter, lineFeed, interrupt, end, backspace] = [13, 10, 3, 4, 127];

/** Lines that the user types or that come from a pipe. */
class LineInput {
  readonly #isTerminal = Deno.stdin.isTerminal();

  /** Reads the answer to a question; empty at the end of the input. */
  async ask(question: string, hidden: boolean): Promise<string> {
    await Deno.stderr.write(new TextEncoder().encode(question));
    if (hidden && this.#isTerminal) Deno.stdin.setRaw(true);
    try {
      return await this.#readLine();
    } finally {
      if (hidden && this.#isTerminal) Deno.stdin.setRaw(false);
      if (hidden || !this.#isTerminal) console.error();
    }
  }

  async #readLine(): Promise<string> {
    const typed: number[] = [], byte = new Uint8Array(1);
    while (await Deno.stdin.read(byte) !== null) {
      const [code] = byte;
      if (code === enter || code === lineFeed || code === end) break;
      if (code === interrupt) throw new UsageError("Interrupted");
      if (code === backspace) typed.pop();
      else typed.push(code);
    }
    return new TextDecoder().decode(Uint8Array.from(typed)).trim();
  }
}
