/** Servers that give a file as mirrors do, well or badly, and the file. */
import type { OriginalFile } from "../datasets/downloads.ts";
import { downloadOriginal, type FetchOptions } from "../tools/_download.ts";

export const content = Uint8Array.from({ length: 90_000 }, (_, i) => (i * i) >> 7);
export const packed = await gzip(content);
export const file: OriginalFile = { name: "images", bytes: content.length, sha256: await sha256(content) };
export const other = await gzip(content.toReversed());

export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** What a server does with one connection: which status, headers and bytes it sends before it closes. */
export type Answer = (request: { path: string; start?: number }) => {
  status?: string;
  headers?: Record<string, string>;
  body?: Uint8Array;
  /** Close only when the client does. */
  hang?: boolean;
};

/** A server of raw answers, so that connections can break; gives its address and the requests that came. */
export function serve(answer: Answer) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: { path: string; start?: number }[] = [];
  const respond = async (connection: Deno.Conn) => {
    using _ = connection;
    const buffer = new Uint8Array(4096);
    let text = "";
    while (!text.includes("\r\n\r\n")) {
      const count = await connection.read(buffer);
      if (count === null) return;
      text += new TextDecoder().decode(buffer.subarray(0, count));
    }
    const range = text.match(/^range: bytes=(\d+)-\r$/im);
    const request = {
      path: text.split(" ")[1],
      ...(range && { start: Number(range[1]) }),
    };
    requests.push(request);
    const { status = "200 OK", headers = {}, body = new Uint8Array(), hang } = answer(request);
    const lines = Object.entries({ connection: "close", ...headers }).map(([key, value]) =>
      `${key}: ${value}`
    );
    const head = new TextEncoder().encode([`HTTP/1.1 ${status}`, ...lines, "", ""].join("\r\n"));
    const writer = connection.writable.getWriter();
    await writer.write(head);
    await writer.write(body);
    while (hang && await connection.read(buffer) !== null);
  };
  const done = (async () => {
    const open: Promise<void>[] = [];
    for await (const connection of listener) open.push(respond(connection).catch(() => {}));
    await Promise.all(open);
  })();
  const { port } = listener.addr as Deno.NetAddr;
  return {
    mirror: `http://127.0.0.1:${port}/data`,
    requests,
    async [Symbol.asyncDispose]() {
      listener.close();
      await done;
    },
  };
}

/** Serves bytes whole or, where a range is asked for, from there on. */
export function whole(bytes: Uint8Array): Answer {
  return ({ start }) => {
    const headers: Record<string, string> = { "content-length": `${bytes.length - (start ?? 0)}` };
    if (start === undefined) return { headers, body: bytes };
    headers["content-range"] = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
    return { status: "206 Partial Content", headers, body: bytes.subarray(start) };
  };
}

/** Promises all bytes and breaks off after `sent`. */
export function broken(bytes: Uint8Array, sent: number): Answer {
  return (request) => {
    const answer = whole(bytes)(request);
    return { ...answer, body: answer.body!.subarray(0, sent) };
  };
}

export const notFound: Answer = () => ({ status: "404 Not Found", headers: { "content-length": "0" } });

export function names(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

export function download(directory: string, mirrors: string[], options: Partial<FetchOptions> = {}) {
  return downloadOriginal(file, directory, { retryDelayMs: 1, ...options, mirrors });
}
