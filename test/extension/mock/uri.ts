// Addresses as VS Code has them, as far as the extension and its tests go.
import path from "node:path";

interface Parts {
  readonly scheme: string;
  readonly authority?: string;
  readonly path?: string;
  readonly query?: string;
  readonly fragment?: string;
}

export class Uri {
  private constructor(
    readonly scheme: string,
    readonly authority: string,
    readonly path: string,
    readonly query: string,
    readonly fragment: string,
  ) {}

  static from({ scheme, authority = "", path: at = "", query = "", fragment = "" }: Parts): Uri {
    return new Uri(scheme, authority, at, query, fragment);
  }

  static file(file: string): Uri {
    return Uri.from({ scheme: "file", path: file });
  }

  static parse(text: string): Uri {
    const found = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/i.exec(text);
    if (found === null) return Uri.from({ scheme: "file", path: text });
    const [, scheme = "", authority, at, query, fragment] = found;
    const plain = (part: string | undefined): string => decodeURIComponent(part ?? "");
    return Uri.from({ scheme, authority: plain(authority), path: plain(at), query: plain(query), fragment: plain(fragment) });
  }

  static joinPath(base: Uri, ...parts: string[]): Uri {
    return base.with({ path: path.posix.join(base.path, ...parts) });
  }

  get fsPath(): string {
    return this.path;
  }

  with(change: Partial<Parts>): Uri {
    return Uri.from({ ...this, ...change });
  }

  toString(): string {
    const encoded = (part: string): string => encodeURIComponent(part).replaceAll("%2F", "/");
    const authority = this.authority !== "" || this.scheme === "file" ? `//${encoded(this.authority)}` : "";
    const query = this.query === "" ? "" : `?${encodeURIComponent(this.query)}`;
    return `${this.scheme}:${authority}${encoded(this.path)}${query}${this.fragment === "" ? "" : `#${encodeURIComponent(this.fragment)}`}`;
  }
}
