/** Times in the formats of the Kubernetes API. */

/** metav1.Time: RFC 3339 without fractions of a second. */
export function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** metav1.MicroTime: RFC 3339 with exactly six decimals, the only number the API server accepts. */
export function microTime(time: Date): string {
  return time.toISOString().replace('Z', '000Z');
}
