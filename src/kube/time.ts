/**
 * metav1.MicroTime: RFC 3339 with exactly six digits of a second; the API server refuses any other
 * number.
 */
export function microTime(time: Date): string {
  return time.toISOString().replace('Z', '000Z');
}
