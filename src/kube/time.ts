/** Times in the forms of the Kubernetes API. */

/** metav1.Time: RFC 3339 without fractions of a second. */
export function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}

/**
 * metav1.MicroTime: RFC 3339 with exactly six digits of a second; the API server refuses any other
 * number.
 */
export function microTime(time: Date): string {
  return time.toISOString().replace('Z', '000Z');
}
