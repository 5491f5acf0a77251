/** A browser that keeps the cookies of the server under test, and doesn't follow redirects. */

export interface BrowserPage {
  readonly status: number;
  readonly headers: Headers;
  readonly location: string;
  readonly text: string;
  /** What the pages of sign-in were called with; see plainPages. */
  readonly page: Readonly<Record<string, unknown>>;
}

export class Browser {
  readonly #origin: string;
  /** May be changed, as somebody with access to the browser could do. */
  readonly cookies = new Map<string, string>();

  constructor(origin: string) {
    this.#origin = origin;
  }

  get(address: string | URL): Promise<BrowserPage> {
    return this.#send(address, {});
  }

  post(address: string, form: Readonly<Record<string, string>>): Promise<BrowserPage> {
    return this.#send(address, { method: 'POST', body: new URLSearchParams(form) });
  }

  /** The headers with which it sends its cookies. */
  get headers(): Headers {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return new Headers({ cookie });
  }

  async #send(address: string | URL, init: RequestInit): Promise<BrowserPage> {
    const response = await fetch(new URL(address, this.#origin), {
      ...init,
      redirect: 'manual',
      headers: this.headers,
    });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    const { status, headers } = response;
    const text = await response.text();
    const isJson = headers.get('content-type')?.includes('json') === true;
    const page = isJson ? JSON.parse(text) : {};
    return { status, headers, location: headers.get('location') ?? '', text, page };
  }

  #keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (/; Max-Age=0(;|$)/.test(line)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}
