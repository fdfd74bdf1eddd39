// A proxy before the VS Code server that changes two things in its start page:
// - each webview gets an origin of its own, http://<hash>.rig.localhost:<port>, as on the desktop and on vscode.dev. Unchanged, all of them
//   share the workbench's origin. Chromium resolves *.localhost itself and takes it for secure.
// - the extension under development and its tests are named in developmentOptions: newer versions ignore them in the address.
// Not by Playwright's request interception: a page without an address of its own may not open a WebSocket to 127.0.0.1.
import http from "node:http";
import net from "node:net";

export interface StartPageProxy {
  readonly port: number;
  readonly authority: string;
  stop(): void;
}

export async function startProxy(serverPort: number): Promise<StartPageProxy> {
  const authority = (): string => `rig.localhost:${(proxy.address() as net.AddressInfo).port}`;
  const proxy = http.createServer((request, response) => forward(request, response, serverPort, authority()));
  proxy.on("upgrade", (request: http.IncomingMessage, socket: net.Socket, head: Buffer) => tunnel(request, socket, head, serverPort));
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return {
    port: (proxy.address() as net.AddressInfo).port,
    authority: authority(),
    stop: () => {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}

function forward(request: http.IncomingMessage, response: http.ServerResponse, port: number, authority: string): void {
  const url = request.url ?? "/";
  const isStartPage = /^\/(\?|$)/.test(url);
  const headers = isStartPage ? { ...request.headers, "accept-encoding": "identity" } : request.headers;
  const upstream = http.request({ host: "127.0.0.1", port, method: request.method, path: url, headers }, (answer) => {
    if (!isStartPage) {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      return;
    }
    const parts: Buffer[] = [];
    answer.on("data", (part: Buffer) => parts.push(part));
    answer.on("end", () => {
      const body = Buffer.from(changeStartPage(Buffer.concat(parts).toString(), url, authority));
      response.writeHead(answer.statusCode ?? 502, startPageHeaders(answer.headers, body.length, authority));
      response.end(body);
    });
  });
  upstream.on("error", (error) => {
    if (!response.headersSent) response.writeHead(502);
    response.end(String(error));
  });
  request.pipe(upstream);
}

function startPageHeaders(from: http.IncomingHttpHeaders, length: number, authority: string): http.OutgoingHttpHeaders {
  const headers: http.OutgoingHttpHeaders = { ...from, "content-length": length };
  const policy = from["content-security-policy"];
  if (typeof policy === "string") {
    headers["content-security-policy"] = policy.replace("frame-src 'self'", `frame-src 'self' http://*.${authority}`);
  }
  delete headers["transfer-encoding"];
  return headers;
}

/** The part of the workbench's configuration that is changed here. */
interface WorkbenchConfiguration {
  webviewEndpoint: string;
  productConfiguration?: { serviceWorker?: unknown };
  developmentOptions?: object;
}

export function changeStartPage(html: string, url: string, authority: string): string {
  return html.replace(/(id="vscode-workbench-web-configuration" data-settings=")([^"]*)"/, (_whole, before: string, attribute: string) => {
    const configuration = JSON.parse(attribute.replaceAll("&quot;", '"')) as WorkbenchConfiguration;
    if (!configuration.webviewEndpoint.startsWith("http")) {
      configuration.webviewEndpoint = `http://{{uuid}}.${authority}/${configuration.webviewEndpoint}`;
    }
    // code-server's own, which only its front end serves
    delete configuration.productConfiguration?.serviceWorker;
    configuration.developmentOptions = { ...configuration.developmentOptions, ...developmentOptions(url) };
    return `${before}${JSON.stringify(configuration).replaceAll('"', "&quot;")}"`;
  });
}

/** The development options that the address asks for in ?payload=[[key, uri], ...]. */
function developmentOptions(url: string): object {
  const payload = JSON.parse(new URL(url, "http://page").searchParams.get("payload") ?? "[]") as [string, string][];
  const extensions = payload.filter(([key]) => key === "extensionDevelopmentPath").map(([, value]) => uriComponents(value));
  const tests = payload.find(([key]) => key === "extensionTestsPath");
  return { ...(extensions.length > 0 ? { extensions } : {}), ...(tests ? { extensionTestsPath: uriComponents(tests[1]) } : {}) };
}

function uriComponents(text: string): object {
  const url = new URL(text);
  return { scheme: url.protocol.slice(0, -1), authority: url.host, path: decodeURIComponent(url.pathname) };
}

function tunnel(request: http.IncomingMessage, socket: net.Socket, head: Buffer, port: number): void {
  const upstream = net.connect(port, "127.0.0.1", () => {
    let text = `${request.method} ${request.url} HTTP/1.1\r\n`;
    for (let n = 0; n < request.rawHeaders.length; n += 2) text += `${request.rawHeaders[n]}: ${request.rawHeaders[n + 1]}\r\n`;
    upstream.write(`${text}\r\n`);
    upstream.write(head);
    socket.pipe(upstream).pipe(socket);
  });
  const end = (): void => {
    upstream.destroy();
    socket.destroy();
  };
  upstream.on("error", end);
  socket.on("error", end);
}
