/** Leaves objects alone that another installation manages. */
import { EVENT } from '../crd/reasons.ts';
import type { OperatorContext } from './context.ts';
import type { Marked } from './directory-marks.ts';

/** Records an event only when this begins. */
export function isLeftToAnother({ marks, events }: OperatorContext, object: Marked): boolean {
  const before = marks.others;
  const reason = marks.reasonToLeave(object);
  if (reason !== undefined && marks.others > before) {
    const event = { reason: EVENT.OtherInstallation, action: 'Reconcile', note: reason };
    events.record(object, { type: 'Warning', ...event });
  }
  return reason !== undefined;
}
