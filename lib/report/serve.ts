/**
 * The reports over HTTP, for this machine alone, and a page that is open reloads
 * when its run finishes.
 *
 * Pages stay as they are on disk. What is served has one more script, named by
 * its hash in the page's own policy: it waits for the server to say which page
 * has changed (server-sent events).
 *
 * @module
 */

import { extname, join, relative, sep } from "node:path";
import { scriptHash } from "./html.ts";
import { INDEX_NAME, writeIndex } from "./run_index.ts";

/** The address that only this machine can reach. */
const LOOPBACK = "127.0.0.1";

/** Where the server says what has changed. */
const EVENTS = "/.events";

const RELOAD = `new EventSource("${EVENTS}").onmessage = ({ data }) => {
  const path = decodeURIComponent(location.pathname);
  const own = path === "/" ? "/${INDEX_NAME}" : path;
  if (JSON.parse(data) === own) location.reload();
};`;

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".json": "application/json",
  ".csv": "text/csv; charset=utf-8",
  ".yaml": "text/plain; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wav": "audio/wav",
  ".png": "image/png",
};

/** A server at work. */
export interface ReportServer {
  /** Address of the index. */
  url: string;
  /** Stops it. */
  close(): Promise<void>;
}

/** `html`, which waits for news of itself where its policy can be told so. */
async function withReload(html: string): Promise<string> {
  const policy =
    /(Content-Security-Policy" content="[^"]*?script-src )([^;"]*)/;
  const end = html.lastIndexOf("</body>");
  if (!policy.test(html) || end < 0) return html;
  const hash = await scriptHash(RELOAD);
  return `${html.slice(0, end)}<script>${RELOAD}</script>\n${html.slice(end)}`
    .replace(policy, `$1$2 ${hash}; connect-src 'self'`);
}

/** Who hears of what the server does. */
export interface ServeListener {
  /** The index was built, of so many runs. */
  onIndex?(runs: number): void;
  /** The index could not be built. */
  onError?(error: Error): void;
}

/**
 * Serves `folder` on loopback at `port` (0 for any that is free), and builds its
 * index now and whenever a run has finished.
 *
 * @throws {Error} where the port is taken, or the index cannot be written.
 */
export async function serveReports(
  folder: string,
  port: number,
  listener: ServeListener = {},
): Promise<ReportServer> {
  await Deno.mkdir(folder, { recursive: true });
  const root = await Deno.realPath(folder);
  const build = async () =>
    listener.onIndex?.((await writeIndex(root)).runs.length);
  await build();

  const clients = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const tell = (path: string) => {
    const event = new TextEncoder().encode(
      `data: ${JSON.stringify(path)}\n\n`,
    );
    for (const client of clients) client.enqueue(event);
  };
  const events = () => {
    let own: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        clients.add(own = controller);
        // Something must come for the browser to call the connection open.
        controller.enqueue(new TextEncoder().encode(":\n\n"));
      },
      cancel: () => void clients.delete(own),
    });
    return new Response(body, {
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
      },
    });
  };

  const respond = async (request: Request): Promise<Response> => {
    const { pathname, hostname } = new URL(request.url);
    // Another name for this address may be a trap set by a page from elsewhere.
    if (hostname !== LOOPBACK && hostname !== "localhost") {
      return new Response("Not for this host\n", { status: 421 });
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response("GET only\n", { status: 405 });
    }
    if (pathname === EVENTS) return events();
    const absent = new Response("No such file\n", { status: 404 });
    try {
      const name = decodeURIComponent(pathname).slice(1) || INDEX_NAME;
      // Resolved, links included, it must still lie within the folder.
      const path = await Deno.realPath(join(root, name));
      if (!path.startsWith(root + sep)) return absent;
      if (!(await Deno.stat(path)).isFile) return absent;
      const type = TYPES[extname(path)] ?? "application/octet-stream";
      const headers = { "content-type": type, "cache-control": "no-store" };
      if (extname(path) === ".html") {
        const html = await withReload(await Deno.readTextFile(path));
        return new Response(html, { headers });
      }
      const file = await Deno.open(path);
      return new Response(file.readable, { headers });
    } catch {
      return absent;
    }
  };

  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve({ hostname: LOOPBACK, port, onListen() {} }, respond);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new Error(
      `port ${port} is taken: choose another with --port, or 0 for any`,
      { cause: error },
    );
  }

  // The card is the last that a run writes.
  const watcher = Deno.watchFs(root);
  const watching = (async () => {
    const changed = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const rebuild = async () => {
      const pages = [...changed, `/${INDEX_NAME}`];
      changed.clear();
      timer = undefined;
      try {
        await build();
        pages.forEach(tell);
      } catch (error) {
        listener.onError?.(error as Error);
      }
    };
    for await (const { kind, paths } of watcher) {
      if (kind === "access") continue;
      for (const path of paths) {
        const name = `/${relative(root, path).replaceAll(sep, "/")}`;
        if (name.endsWith(".card.json")) {
          changed.add(name.replace(/\.card\.json$/, ".html"));
        } else if (name === "/player.html") changed.add(name);
      }
      // Some files of a run come together.
      if (changed.size > 0) timer ??= setTimeout(rebuild, 200);
    }
    clearTimeout(timer);
  })();

  return {
    url: `http://${LOOPBACK}:${server.addr.port}/`,
    async close() {
      watcher.close();
      await watching;
      for (const client of clients) client.close();
      clients.clear();
      await server.shutdown();
    },
  };
}
