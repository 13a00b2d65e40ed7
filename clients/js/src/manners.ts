/** How a client behaves towards the application. */

export interface Options {
  /** Sent with each request to the application's origin, and to no other; a function is asked before each request. */
  headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>);
  /** Cookies to send, as `fetch` has it. Default: `same-origin`. */
  credentials?: RequestCredentials;
  /** Where the application has its job routes, below the base URL. Default: `/jobs`. */
  jobsPath?: string;
  /** How often a request is sent before giving up. Default: 5. */
  attempts?: number;
  /** Seconds that an answer may take. Default: 30. */
  timeout?: number;
  /** Seconds for which a stream of events may be silent before it counts as broken; it says something every 15. Default: 30. */
  silence?: number;
  /** Seconds between two looks at a job, instead of what the application asks for. For one's own application. */
  pollInterval?: number;
  /** Whether jobs are followed by the application's stream of events, where it has one. Default: yes. */
  stream?: boolean;
  /** In place of the global `fetch`. */
  fetch?: typeof fetch;
}

/** The longest pause after an attempt that failed, in seconds, and what it doubles from. */
const CAP = 30;
const BASE = 0.5;

export class Manners {
  readonly base: URL;
  readonly jobsPath: string;
  readonly attempts: number;
  readonly timeout: number;
  readonly silence: number;
  readonly stream: boolean;
  readonly #options: Options;

  constructor(baseUrl: string | URL, options: Options) {
    this.base = located(baseUrl);
    this.jobsPath = options.jobsPath ?? "/jobs";
    this.attempts = options.attempts ?? 5;
    this.timeout = options.timeout ?? 30;
    this.silence = options.silence ?? 30;
    this.stream = options.stream ?? true;
    this.#options = options;
  }

  /** A path of the application, whatever path the base has; a URL stays what it is. */
  below(path: string): URL {
    return path.includes("://") ? new URL(path) : new URL(`${this.base.href.replace(/\/+$/, "")}/${path.replace(/^\/+/, "")}`);
  }

  /** Seconds until the next look, where the application asks for `delay`. */
  pace(delay: number): number {
    return this.#options.pollInterval ?? delay;
  }

  /** Seconds until the next attempt; all the while at random, so that those who failed together do not come back together. */
  backoff(attempt: number): number {
    return Math.random() * Math.min(CAP, BASE * 2 ** (attempt - 1));
  }

  /** One request, as `fetch` makes it. What is the application's own goes to its origin and to no other. */
  async fetch(url: URL, request: RequestInit & { headers: Record<string, string> }): Promise<Response> {
    const ours = url.origin === this.base.origin;
    const headers = new Headers(ours ? await this.#headers() : {});
    for (const [name, value] of Object.entries(request.headers)) headers.set(name, value);
    const credentials = ours ? (this.#options.credentials ?? "same-origin") : "omit";
    const send = this.#options.fetch ?? globalThis.fetch;
    return send(url, { cache: "no-store", credentials, ...request, headers });
  }

  async #headers(): Promise<HeadersInit> {
    const given = this.#options.headers ?? {};
    return typeof given === "function" ? given() : given;
  }
}

/** Throws TypeError for a base URL that is none. */
function located(baseUrl: string | URL): URL {
  const page = globalThis.location?.href;
  const url = URL.canParse(baseUrl, page) ? new URL(baseUrl, page) : null;
  if (url !== null && ["http:", "https:"].includes(url.protocol)) return url;
  throw new TypeError(`baseUrl ${JSON.stringify(String(baseUrl))}: give the application's URL, as in "https://api.example.com".`);
}
