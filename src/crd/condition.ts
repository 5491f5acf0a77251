/** metav1.Condition, as it appears in a status. */
import * as z from 'zod';
import { dateTime } from './rules.ts';

const ConditionSchema = z.object({
  type: z.string().max(316).describe('Type of the condition.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether the condition is true.'),
  observedGeneration: z
    .int()
    .min(0)
    .describe('Generation of the object that the condition was computed for.')
    .optional(),
  lastTransitionTime: dateTime().describe('When the status last changed.'),
  reason: z.string().min(1).max(1024).describe('Machine-readable reason: one word in CamelCase.'),
  message: z.string().max(32768).describe('Human-readable explanation.'),
});

export const observedGeneration = () =>
  z.int().describe('Generation that the operator last observed; -1 before the first time.');

/** A list with at most one condition of each type. */
export const conditions = (description: string) =>
  z
    .array(ConditionSchema)
    .max(16)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
    .describe(description);
