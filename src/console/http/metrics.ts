/** Counters and latencies of the pages. */
import { Counter, Histogram, type Registry } from 'prom-client';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export class ConsoleMetrics {
  readonly #requests: Counter<'page' | 'method' | 'code'>;
  readonly #duration: Histogram<'page'>;

  /** Registers the metrics; call it once for each registry. */
  constructor(registry: Registry) {
    this.#requests = new Counter({
      name: 'scim_console_requests_total',
      help: 'Requests to the console and to sign-in, by the pattern of the path.',
      labelNames: ['page', 'method', 'code'],
      registers: [registry],
    });
    this.#duration = new Histogram({
      name: 'scim_console_request_duration_seconds',
      help: 'Time from the head of a request to its page, by the pattern of the path.',
      labelNames: ['page'],
      buckets: SECONDS,
      registers: [registry],
    });
  }

  completed(page: string, method: string, code: number, seconds: number): void {
    this.#requests.inc({ page, method, code });
    this.#duration.observe({ page }, seconds);
  }
}
